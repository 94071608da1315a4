package io.millrace.standalone.cli;

import io.millrace.bench.DecodeBench;
import io.millrace.bench.IngestBench;
import io.millrace.bench.LookupBench;
import io.millrace.bench.PublishBench;
import io.millrace.bench.RoutingBench;
import io.millrace.bench.ServeBench;
import io.millrace.bench.StepBench;
import io.millrace.bench.chaos.ChaosBench;
import io.millrace.bench.continual.ContinualBench;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "bench",
        description = "Benchmarks, each printing one JSON object a line per figure.",
        mixinStandardHelpOptions = true,
        subcommands = {
            StepBench.class,
            DecodeBench.class,
            ServeBench.class,
            LookupBench.class,
            RoutingBench.class,
            PublishBench.class,
            ContinualBench.class,
            ChaosBench.class,
            IngestBench.class
        })
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a subcommand of bench is missing");
    }
}
