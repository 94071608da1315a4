package io.millrace.standalone.cli;

import io.millrace.bench.LookupBench;
import io.millrace.bench.RoutingBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = "Benchmarks, each printing one JSON object a line per figure.",
        mixinStandardHelpOptions = true,
        subcommands = {LookupBench.class, RoutingBench.class})
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a subcommand of bench is missing");
    }
}
