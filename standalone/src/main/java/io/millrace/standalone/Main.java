package io.millrace.standalone;

import io.quarkus.runtime.annotations.QuarkusMain;

/** The command line. */
@QuarkusMain
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(0);
    }
}
