package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.engine.torch.Tensor;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** One adapter on the device, in the dtype of activations; its scale s is folded into B, in float32 before rounding. */
final class AdapterTensors implements LoadedAdapter {
    /**
     * Larger numbers are no weights, and could make infinities of other rows' activations: every row goes through every
     * adapter's A and is then weighted by zero.
     */
    private static final float LARGEST_WEIGHT = 1e20f;

    private final LoraConfig config;
    private final Map<String, Pair> modules;
    private final int rank;
    private final long sizeBytes;

    private AdapterTensors(LoraConfig config, Map<String, Pair> modules, int rank, long sizeBytes) {
        this.config = config;
        this.modules = modules;
        this.rank = rank;
        this.sizeBytes = sizeBytes;
    }

    /**
     * @param a [rank, in]
     * @param b [out, rank]
     */
    record Pair(int rank, Tensor a, Tensor b) {}

    /** @throws MillraceException {@code invalid_adapter} naming the first module that doesn't fit */
    static AdapterTensors load(AdapterWeights weights, BaseDescription base, DecodeKernels kernels) {
        check(weights, base.linearModules());
        float scale = (float) weights.config().scale();
        Staging staging = new Staging(kernels);
        Map<String, Pair> modules = new HashMap<>();
        int rank = 0;
        long bytes = 0;
        for (Map.Entry<String, LoraPair> module : weights.modules().entrySet()) {
            LoraPair pair = module.getValue();
            modules.put(
                    module.getKey(),
                    new Pair(
                            pair.rank(),
                            staging.tensor(values -> values.put(pair.a()), pair.rank(), pair.in()),
                            staging.tensor(values -> putScaled(pair.b(), scale, values), pair.out(), pair.rank())));
            rank = Math.max(rank, pair.rank());
            bytes += (long) kernels.dtype().bytes() * (pair.a().length + pair.b().length);
        }
        return new AdapterTensors(weights.config(), Map.copyOf(modules), rank, bytes);
    }

    private static void putScaled(float[] b, float scale, FloatBuffer values) {
        for (float value : b) {
            values.put(value * scale);
        }
    }

    private static void check(AdapterWeights weights, List<ModuleShape> shapes) {
        Set<String> unknown = new HashSet<>(weights.modules().keySet());
        for (ModuleShape shape : shapes) {
            unknown.remove(shape.path());
            Optional.ofNullable(weights.modules().get(shape.path())).ifPresent(pair -> check(pair, shape));
        }
        if (!unknown.isEmpty()) {
            throw invalid("the base has no linear module " + unknown.iterator().next());
        }
        if (weights.modules().isEmpty()) {
            throw invalid("the adapter has no module");
        }
    }

    private static void check(LoraPair pair, ModuleShape shape) {
        if (pair.in() != shape.in() || pair.out() != shape.out()) {
            throw invalid(
                    shape.path() + " is [" + shape.out() + ", " + shape.in() + "] in the base, but the adapter's is ["
                            + pair.out() + ", " + pair.in() + "]; was it trained on another base?");
        }
        if (!usable(pair.a()) || !usable(pair.b())) {
            throw invalid(shape.path() + " has NaN, infinite or absurdly large weights");
        }
    }

    private static boolean usable(float[] values) {
        for (float value : values) {
            if (!(Math.abs(value) <= LARGEST_WEIGHT)) {
                return false;
            }
        }
        return true;
    }

    private static MillraceException invalid(String message) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, message);
    }

    @Override
    public LoraConfig config() {
        return config;
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    /** The largest rank of a module. */
    int rank() {
        return rank;
    }

    Optional<Pair> module(String path) {
        return Optional.ofNullable(modules.get(path));
    }

    @Override
    public void close() {
        modules.values().forEach(pair -> {
            pair.a().close();
            pair.b().close();
        });
    }
}
