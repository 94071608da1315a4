package io.millrace.standalone.cli;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.torch.TorchRuntime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which base a system runs on, and how it computes. */
public final class BaseOptions {
    private static final Pattern BF16_CPU = Pattern.compile("\\b(avx512_bf16|amx_bf16)\\b");

    @Mixin
    private BaseChoice base;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            converter = OptionValues.Device.class,
            description = "auto, cpu or cuda:N. Default: ${DEFAULT-VALUE}")
    private String device;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of one operation. Default: all processors.")
    private Optional<Integer> threads;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = OptionValues.Dtype.class,
            description = "f32 or bf16. Default: bf16 where this machine computes in it, f32 for nano.")
    private Optional<String> dtype;

    /**
     * A base that is there.
     *
     * @param id from its content
     * @param settings of the services, by key
     */
    public record Chosen(String name, String id, BaseStore store, Map<String, String> settings) {
        public Base open() {
            return store.open(name);
        }
    }

    /** Finds the base, pulling the catalogue's on first use; {@code note} hears what is done meanwhile. */
    public Chosen choose(Consumer<String> note) {
        if (device.startsWith("cuda")) {
            // Said now rather than by services that wait for it.
            TorchRuntime.start(device, threads());
        }
        BaseStore bases = base.ready(note);
        try (Base opened = bases.open(base.name())) {
            return new Chosen(base.name(), opened.description().id().hex(), bases, settings());
        }
    }

    public String device() {
        return device;
    }

    public int threads() {
        return threads.orElse(0);
    }

    public String dtype() {
        return dtype.orElseGet(this::fastestDtype);
    }

    private Map<String, String> settings() {
        Map<String, String> settings = new HashMap<>();
        settings.put("millrace.base-dir", base.store().directory().toString());
        settings.put("millrace.device", device);
        settings.put("millrace.dtype", dtype());
        threads.ifPresent(n -> settings.put("millrace.threads", String.valueOf(n)));
        return settings;
    }

    /** The same on every start of one machine: a journal's bits depend on it. */
    private String fastestDtype() {
        return !base.isNano() && (computesInBf16() || onGpu()) ? "bf16" : "f32";
    }

    private boolean onGpu() {
        return device.startsWith("cuda")
                || (device.equals("auto")
                        && TorchRuntime.start(device, threads()).device().isCuda());
    }

    private static boolean computesInBf16() {
        Path cpuInfo = Path.of("/proc/cpuinfo");
        try {
            return Files.isReadable(cpuInfo)
                    && BF16_CPU.matcher(Files.readString(cpuInfo)).find();
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, cpuInfo + " can't be read: " + e.getMessage() + "; say --dtype", e);
        }
    }
}
