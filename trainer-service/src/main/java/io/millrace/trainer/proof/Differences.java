package io.millrace.trainer.proof;

import io.millrace.core.AdapterWeights;
import io.millrace.core.LoraPair;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.train.AdapterState;
import io.millrace.trainer.proof.Proof.Difference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** By how much tensors differ, for each kind of tensor over all layers. */
final class Differences {
    private final SortedMap<String, Sum> groups = new TreeMap<>();

    private static final class Sum {
        private double maxAbsolute;
        private double difference;
        private double recorded;

        private void add(float was, float is) {
            double d = (double) is - was;
            maxAbsolute = Math.max(maxAbsolute, Math.abs(d));
            difference += d * d;
            recorded += (double) was * was;
        }

        private Difference of(String group) {
            double relative =
                    recorded > 0 ? Math.sqrt(difference / recorded) : difference > 0 ? Double.POSITIVE_INFINITY : 0;
            return new Difference(group, maxAbsolute, relative);
        }
    }

    private Differences() {}

    /** Of weights and optimizer. */
    static List<Difference> of(AdapterState recorded, AdapterState computed) {
        SafetensorsFile was = SafetensorsFile.of("recorded", ByteBuffer.wrap(recorded.content()));
        SafetensorsFile is = SafetensorsFile.of("computed", ByteBuffer.wrap(computed.content()));
        Differences differences = new Differences();
        for (String name : was.tensors().keySet()) {
            differences.add(group(name), was.floats(name), is.floats(name));
        }
        return differences.list();
    }

    /** Of weights alone. */
    static List<Difference> of(AdapterWeights recorded, AdapterWeights computed) {
        Differences differences = new Differences();
        for (Map.Entry<String, LoraPair> module : recorded.modules().entrySet()) {
            LoraPair is = computed.modules().get(module.getKey());
            differences.add(
                    group(module.getKey() + ".lora_A"), module.getValue().a(), is.a());
            differences.add(
                    group(module.getKey() + ".lora_B"), module.getValue().b(), is.b());
        }
        return differences.list();
    }

    /** {@code model.layers.3.self_attn.q_proj.lora_A.m} is of {@code q_proj.lora_A.m}. */
    private static String group(String tensor) {
        String module = tensor.substring(0, tensor.lastIndexOf(".lora_"));
        return tensor.substring(module.lastIndexOf('.') + 1);
    }

    private void add(String group, float[] was, float[] is) {
        Sum sum = groups.computeIfAbsent(group, g -> new Sum());
        for (int i = 0; i < was.length; i++) {
            sum.add(was[i], is[i]);
        }
    }

    private List<Difference> list() {
        List<Difference> differing = new ArrayList<>();
        groups.forEach((group, sum) -> {
            if (sum.maxAbsolute > 0) {
                differing.add(sum.of(group));
            }
        });
        return differing;
    }
}
