package io.millrace.standalone.cli;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.BaseCatalogue;
import io.millrace.engine.base.PulledBases;
import io.millrace.engine.selfcheck.SelfCheck;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
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
        PulledBases bases = new PulledBases(store.open(), BaseCatalogue.standard());
        SelfCheck.Summary summary =
                ComputeThread.call(() -> SelfCheck.of(torch, bases::open).run(directory, out::line));
        out.result(Map.of("passed", summary.passed(), "failed", summary.failed(), "skipped", summary.skipped()));
        return summary.ok() ? 0 : MillraceCommandLine.FAILED;
    }
}
