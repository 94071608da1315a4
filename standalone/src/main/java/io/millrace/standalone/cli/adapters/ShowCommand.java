package io.millrace.standalone.cli.adapters;

import io.millrace.standalone.cli.Out;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "show", description = "One adapter: aliases, switches, settings.", mixinStandardHelpOptions = true)
final class ShowCommand implements Runnable {
    @Mixin
    private AdapterArgument adapter;

    @Mixin
    private Out out;

    @Override
    public void run() {
        AdapterArgument.print(out, adapter.client().get(adapter.path()));
    }
}
