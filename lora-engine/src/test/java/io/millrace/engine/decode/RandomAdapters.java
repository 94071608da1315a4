package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Adapters with random weights, B included. */
final class RandomAdapters {
    private RandomAdapters() {}

    static AdapterWeights of(BaseDescription base, long seed, int rank, List<String> targets, float size) {
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, LoraPair> modules = new HashMap<>();
        for (ModuleShape m : base.linearModules()) {
            if (targets.contains(m.suffix())) {
                modules.put(
                        m.path(),
                        new LoraPair(
                                rank,
                                m.in(),
                                m.out(),
                                floats(random, rank * m.in(), size),
                                floats(random, m.out() * rank, size)));
            }
        }
        return AdapterWeights.of(LoraConfig.of(rank, 2 * rank, 0, Set.copyOf(targets)), modules);
    }

    private static float[] floats(SplittableRandom random, int count, float size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextDouble() * 2 - 1) * size;
        }
        return values;
    }
}
