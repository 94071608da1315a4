package io.millrace.standalone.demo;

import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.standalone.client.ExampleStream;
import io.millrace.standalone.system.FreePorts;
import io.millrace.standalone.system.LocalSystem;
import io.millrace.standalone.system.SystemOptions;
import io.millrace.topics.KafkaSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** Starts a system on free ports, runs the demo against it and stops it. */
public final class DemoRun {
    private static final Duration READY_AT_MOST = Duration.ofMinutes(5);
    private static final double NANOS = 1e9;

    private DemoRun() {}

    /**
     * How the system under the demo computes.
     *
     * @param settings of the services, by key
     */
    public record Options(
            Path dataDir,
            String base,
            String baseId,
            Map<String, String> settings,
            String device,
            int threads,
            DType dtype) {}

    /** @param base closed when the demo ends */
    public static DemoReport run(Options options, Base base, Consumer<String> say) {
        long began = System.nanoTime();
        List<Integer> ports = FreePorts.some(3);
        SystemOptions system = new SystemOptions(
                options.dataDir(),
                options.base(),
                SystemOptions.LOOPBACK,
                ports.get(0),
                ports.get(1),
                ports.get(2),
                Optional.empty(),
                options.settings());
        say.accept("starting Kafka, the object store, trainer, registry and router in this process");
        try (LocalSystem running = LocalSystem.start(system, options.baseId());
                HeldOutLoss losses = new HeldOutLoss(base, options.device(), options.threads(), options.dtype())) {
            running.awaitReady(READY_AT_MOST);
            say.accept(String.format("ready at %s after %.0f s", system.url(), (System.nanoTime() - began) / NANOS));
            try (ExampleStream stream = new ExampleStream(KafkaSettings.of(running.kafkaAddress()))) {
                Demo.Measured measured = new Demo(DemoData.bundled(), running.client(), stream, losses, say).run();
                return DemoReport.of(
                        options.base(),
                        measured.adapters(),
                        measured.routing(),
                        Math.round((System.nanoTime() - began) / NANOS * 10) / 10.0);
            }
        }
    }
}
