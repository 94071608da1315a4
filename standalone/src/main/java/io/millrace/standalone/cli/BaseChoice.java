package io.millrace.standalone.cli;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.engine.base.BasePuller;
import io.millrace.engine.base.BaseStore;
import io.millrace.standalone.system.SystemOptions;
import java.util.function.Consumer;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which base a command is about. */
public final class BaseChoice {
    private static final String NANO = "nano";

    @Option(
            names = "--base",
            paramLabel = "B",
            defaultValue = SystemOptions.DEFAULT_BASE,
            description = "The base; nano is a tiny random one, for smoke tests. Default: ${DEFAULT-VALUE}")
    private String base;

    @Mixin
    private BaseStoreOption store;

    public String name() {
        return base;
    }

    boolean isNano() {
        return base.equals(NANO);
    }

    BaseStoreOption store() {
        return store;
    }

    /** The store with the base in it, pulled where it is the catalogue's; {@code note} hears what is done meanwhile. */
    public BaseStore ready(Consumer<String> note) {
        BaseStore bases = store.open();
        if (isNano()) {
            note.accept("base nano: a tiny random model made on the spot, for smoke tests; its answers mean nothing");
        } else if (bases.find(base).isEmpty()) {
            note.accept("base " + base + " isn't here yet: pulling it");
            try (ImportBar bar = new ImportBar()) {
                BasePuller.standard(bases).pull(base, Quantisation.NF4, bar);
            }
        }
        return bases;
    }
}
