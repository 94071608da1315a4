package io.millrace.engine.compose;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The exact sum of adapters, sum w_i s_i B_i A_i, as one adapter whose rank is the sum of theirs: their A one below the
 * other, their B side by side with weight and scale multiplied in. Unlike averages of A and B it has no cross terms.
 */
public final class WeightedSum {
    private WeightedSum() {}

    /** An adapter and what it counts. */
    public record Part(AdapterWeights adapter, double weight) {}

    /** @throws MillraceException {@code invalid_adapter} where shapes of the same module differ */
    public static AdapterWeights of(List<Part> parts) {
        int rank = parts.stream().mapToInt(p -> p.adapter().config().rank()).sum();
        Set<String> targets = new TreeSet<>();
        Set<String> paths = new TreeSet<>();
        for (Part part : parts) {
            targets.addAll(part.adapter().config().targetModules());
            paths.addAll(part.adapter().modules().keySet());
        }
        Map<String, LoraPair> modules = new TreeMap<>();
        for (String path : paths) {
            modules.put(path, module(path, parts, rank));
        }
        return AdapterWeights.of(LoraConfig.of(rank, rank, 0, targets), modules);
    }

    private static LoraPair module(String path, List<Part> parts, int rank) {
        List<LoraPair> pairs = parts.stream()
                .flatMap(p -> Stream.ofNullable(p.adapter().modules().get(path)))
                .toList();
        int in = pairs.get(0).in();
        int out = pairs.get(0).out();
        if (pairs.stream().anyMatch(p -> p.in() != in || p.out() != out)) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER,
                    "the adapters have different shapes for " + path + "; compose adapters of one base only");
        }
        float[] a = new float[rank * in];
        float[] b = new float[out * rank];
        int first = 0;
        for (Part part : parts) {
            LoraConfig config = part.adapter().config();
            LoraPair pair = part.adapter().modules().get(path);
            if (pair != null) {
                float factor = (float) (part.weight() * config.scale());
                System.arraycopy(pair.a(), 0, a, first * in, pair.a().length);
                for (int row = 0; row < out; row++) {
                    for (int i = 0; i < pair.rank(); i++) {
                        b[row * rank + first + i] = factor * pair.b()[row * pair.rank() + i];
                    }
                }
            }
            first += config.rank();
        }
        return new LoraPair(rank, in, out, a, b);
    }
}
