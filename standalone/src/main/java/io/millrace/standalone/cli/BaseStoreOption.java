package io.millrace.standalone.cli;

import io.millrace.engine.base.BaseStore;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where imported bases are kept: one place for all data folders, since a base never changes. */
public final class BaseStoreOption {
    @Option(
            names = "--base-dir",
            paramLabel = "DIR",
            defaultValue = "${sys:user.home}/.millrace/bases",
            description = "Where bases are kept. Default: ${sys:user.home}/.millrace/bases")
    private Path directory;

    public Path directory() {
        return directory.toAbsolutePath().normalize();
    }

    public BaseStore open() {
        return new BaseStore(directory());
    }
}
