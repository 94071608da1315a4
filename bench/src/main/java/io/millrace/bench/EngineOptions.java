package io.millrace.bench;

import io.millrace.engine.DType;
import io.millrace.engine.torch.TorchRuntime;
import java.util.List;
import picocli.CommandLine.Option;

/** What every benchmark of the engine lets one choose: shape, arithmetic, threads and device. */
final class EngineOptions {
    @Option(
            names = "--shape",
            defaultValue = "smollm2-135m",
            description = "Shape of the random base (${DEFAULT-VALUE}).")
    private String shape;

    @Option(
            names = "--dtype",
            defaultValue = "bf16",
            split = ",",
            description = "bf16, f32 or both (${DEFAULT-VALUE}).")
    private List<String> dtypes;

    @Option(names = "--threads", defaultValue = "0", description = "Threads of an operator; 0: one for each processor.")
    private int threads;

    @Option(names = "--device", defaultValue = "cpu", description = "auto, cpu or cuda:N (${DEFAULT-VALUE}).")
    private String device;

    String shape() {
        return shape;
    }

    List<DType> dtypes() {
        return dtypes.stream().map(DType::parse).toList();
    }

    TorchRuntime start() {
        return TorchRuntime.start(device, threads);
    }
}
