package io.millrace.standalone.cli;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.selfcheck.ChatSuite;
import io.millrace.engine.selfcheck.ComposeSuite;
import io.millrace.engine.selfcheck.GoldenBases;
import io.millrace.engine.selfcheck.LogitsSuite;
import io.millrace.engine.selfcheck.Nf4Suite;
import io.millrace.engine.selfcheck.SelfCheck;
import io.millrace.engine.selfcheck.TokensSuite;
import io.millrace.engine.selfcheck.TrainSuite;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "selfcheck",
        description = "Computes every golden case of a directory on this machine and compares.",
        mixinStandardHelpOptions = true)
final class SelfcheckCommand implements Callable<Integer> {
    @Mixin
    private Out out;

    @Mixin
    private BaseStoreOption store;

    @Parameters(paramLabel = "DIR", description = "The golden directory.")
    private Path directory;

    @Option(names = "--device", defaultValue = "auto", description = "auto, cpu or cuda:N. Default: ${DEFAULT-VALUE}")
    private String device;

    @Option(
            names = "--threads",
            defaultValue = "0",
            description = "0: one for each processor. Default: ${DEFAULT-VALUE}")
    private int threads;

    @Override
    public Integer call() {
        if (!Files.isDirectory(directory)) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, directory + " is no directory; name one with golden cases");
        }
        TorchRuntime torch = TorchRuntime.start(device, threads);
        GoldenBases golden = new PulledBases(store.open());
        SelfCheck.Summary summary = new SelfCheck(List.of(
                        new Nf4Suite(),
                        new LogitsSuite(torch),
                        new TrainSuite(torch, golden),
                        new ComposeSuite(torch),
                        new TokensSuite(golden),
                        new ChatSuite()))
                .run(directory, out::line);
        out.result(Map.of("passed", summary.passed(), "failed", summary.failed(), "skipped", summary.skipped()));
        return summary.ok() ? 0 : MillraceCommandLine.FAILED;
    }
}
