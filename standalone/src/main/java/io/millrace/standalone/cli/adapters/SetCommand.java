package io.millrace.standalone.cli.adapters;

import io.millrace.standalone.cli.Out;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "set",
        description = "Changes settings, creating the adapter where it isn't there; KEY= goes back to the default.",
        mixinStandardHelpOptions = true)
final class SetCommand implements Runnable {
    @Mixin
    private AdapterArgument adapter;

    @Mixin
    private Out out;

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "KEY=VALUE",
            mapFallbackValue = "",
            description = "As learning-rate=1e-3; 'adapters show' lists the keys.")
    private Map<String, String> settings;

    @Override
    public void run() {
        AdapterArgument.print(out, adapter.client().put(adapter.path(), Map.of("settings", settings)));
    }
}
