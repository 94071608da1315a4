package io.millrace.standalone;

import io.millrace.standalone.cli.MillraceCommandLine;
import io.quarkus.runtime.annotations.QuarkusMain;

/** The command line. Only the commands that serve start Quarkus, so all others answer at once. */
@QuarkusMain
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(MillraceCommandLine.create().execute(args));
    }
}
