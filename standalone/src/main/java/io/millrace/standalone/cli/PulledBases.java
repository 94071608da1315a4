package io.millrace.standalone.cli;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseCatalogue;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.base.Bases;
import io.millrace.engine.selfcheck.GoldenBases;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The real bases that golden cases ask for, as far as they were pulled: stored so, or made from the kept download. */
final class PulledBases implements GoldenBases {
    private final BaseStore store;

    PulledBases(BaseStore store) {
        this.store = store;
    }

    @Override
    public Optional<Base> open(String name, Quantisation quantisation) {
        boolean stored = store.find(name)
                .filter(entry -> entry.description().quantisation() == quantisation)
                .isPresent();
        if (stored) {
            return Optional.of(store.open(name));
        }
        Optional<Path> download = BaseCatalogue.standard()
                .find(name)
                .map(entry -> store.downloads().resolve(entry.fileName()))
                .filter(Files::isRegularFile);
        return download.map(file -> Bases.openDirectory(file, quantisation));
    }
}
