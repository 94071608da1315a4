package io.millrace.engine.base;

import io.millrace.core.BaseDescription.Quantisation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Opens bases of the catalogue that were pulled before, in either form. Downloads nothing. */
public final class PulledBases {
    private final BaseStore store;
    private final BaseCatalogue catalogue;

    public PulledBases(BaseStore store, BaseCatalogue catalogue) {
        this.store = store;
        this.catalogue = catalogue;
    }

    /**
     * The stored base, or one made in a temporary directory from the kept download where it was stored in the other form.
     *
     * @return empty where it hasn't been pulled; the caller closes it
     */
    public Optional<Base> open(String name, Quantisation quantisation) {
        Optional<BaseStore.Entry> stored =
                store.find(name).filter(e -> e.description().quantisation() == quantisation);
        if (stored.isPresent()) {
            return Optional.of(store.open(stored.get().description().id().hex()));
        }
        return catalogue
                .find(name)
                .map(this::kept)
                .filter(Files::isRegularFile)
                .map(file -> Bases.openDirectory(file, quantisation));
    }

    private Path kept(BaseCatalogue.Entry entry) {
        return store.downloads().resolve(entry.fileName());
    }
}
