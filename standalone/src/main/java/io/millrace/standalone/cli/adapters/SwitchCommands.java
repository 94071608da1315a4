package io.millrace.standalone.cli.adapters;

import io.millrace.standalone.cli.Out;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The commands that ask for one thing of one adapter and take nothing else. */
final class SwitchCommands {
    private SwitchCommands() {}

    /** Posts to one place below the adapter. */
    abstract static class Switch implements Runnable {
        @Mixin
        private AdapterArgument adapter;

        @Mixin
        private Out out;

        private final String place;

        Switch(String place) {
            this.place = place;
        }

        @Override
        public void run() {
            AdapterArgument.print(out, adapter.client().post(adapter.path() + "/" + place, Map.of()));
        }
    }

    @Command(
            name = "rollback",
            description = "Makes the version champion that was it before the last promotion, and holds promotion.",
            mixinStandardHelpOptions = true)
    static final class Rollback extends Switch {
        Rollback() {
            super("rollback");
        }
    }

    @Command(name = "hold", description = "Holds automatic promotion.", mixinStandardHelpOptions = true)
    static final class Hold extends Switch {
        Hold() {
            super("hold");
        }
    }

    @Command(name = "release", description = "Allows automatic promotion again.", mixinStandardHelpOptions = true)
    static final class Release extends Switch {
        Release() {
            super("release");
        }
    }

    @Command(name = "pause", description = "Pauses training.", mixinStandardHelpOptions = true)
    static final class Pause extends Switch {
        Pause() {
            super("pause");
        }
    }

    @Command(name = "resume", description = "Goes on training.", mixinStandardHelpOptions = true)
    static final class Resume extends Switch {
        Resume() {
            super("resume");
        }
    }

    /** Only the trainer knows what waits, so it is asked. */
    @Command(
            name = "cut",
            description = "Trains what waits and publishes a version at once.",
            mixinStandardHelpOptions = true)
    static final class Cut implements Runnable {
        @Mixin
        private AdapterArgument adapter;

        @Mixin
        private Out out;

        @Override
        public void run() {
            out.result(adapter.client().post("/api/v1/trainer/adapters/" + adapter.name() + "/cut", Map.of()));
            out.line("a version of " + adapter.name() + " is due; 'adapters versions' shows it when it is published");
        }
    }
}
