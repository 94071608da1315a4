package io.millrace.standalone.cli.offline;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** PEFT directories of random adapters for {@code nano}, large enough to change its answers. */
final class RandomAdapter {
    static final int RANK = 4;

    private RandomAdapter() {}

    /** @param widening of the inputs; 1: as the base's */
    static Path write(Path directory, BaseStore bases, long seed, int widening) {
        try (Base nano = bases.open("nano")) {
            BaseDescription base = nano.description();
            SplittableRandom random = new SplittableRandom(seed);
            Map<String, LoraPair> modules = new HashMap<>();
            for (ModuleShape module : base.linearModules()) {
                int in = widening * module.in();
                float[] a = random(random, RANK * in);
                float[] b = random(random, module.out() * RANK);
                modules.put(module.path(), new LoraPair(RANK, in, module.out(), a, b));
            }
            AdapterWeights weights =
                    AdapterWeights.of(LoraConfig.of(RANK, RANK, 0, Set.copyOf(LoraConfig.ALL_LINEAR)), modules);
            String name = directory.getFileName().toString();
            PeftDirectory.writeTo(directory, PeftDirectory.files(weights, base, name, "made for a test"));
            return directory;
        }
    }

    private static float[] random(SplittableRandom random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (random.nextDouble() - 0.5);
        }
        return values;
    }
}
