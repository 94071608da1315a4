package io.millrace.core.peft;

import io.millrace.core.BaseDescription;
import io.millrace.core.LoraPair;
import io.millrace.core.ModuleShape;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.TensorInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Pairs the tensors of a PEFT file by module, noting what doesn't fit the base. */
final class PairReader {
    private static final Pattern KEY = Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])\\.weight");

    private final BaseDescription base;
    private final SafetensorsFile file;
    private final List<String> findings;
    private final Map<String, ModuleShape> modules;

    PairReader(BaseDescription base, SafetensorsFile file, List<String> findings) {
        this.base = base;
        this.file = file;
        this.findings = findings;
        this.modules = base.linearModules().stream().collect(Collectors.toMap(ModuleShape::path, Function.identity()));
    }

    SortedMap<String, LoraPair> read() {
        SortedMap<String, TensorInfo> a = new TreeMap<>();
        SortedMap<String, TensorInfo> b = new TreeMap<>();
        for (TensorInfo tensor : file.tensors().values()) {
            Matcher key = KEY.matcher(tensor.name());
            if (!key.matches()) {
                findings.add("'" + tensor.name() + "' is no LoRA weight (base_model.model.<module>.lora_A.weight or"
                        + " lora_B.weight)");
            } else if (!modules.containsKey(key.group(1))) {
                findings.add("'" + tensor.name() + "' matches no module of base '" + base.name() + "'");
            } else {
                (key.group(2).equals("A") ? a : b).put(key.group(1), tensor);
            }
        }
        b.keySet().stream()
                .filter(path -> !a.containsKey(path))
                .forEach(path -> findings.add(path + " has lora_B but no lora_A"));
        SortedMap<String, LoraPair> pairs = new TreeMap<>();
        a.forEach((path, tensor) -> {
            if (b.containsKey(path)) {
                pair(modules.get(path), tensor, b.get(path)).ifPresent(pair -> pairs.put(path, pair));
            } else {
                findings.add(path + " has lora_A but no lora_B");
            }
        });
        return pairs;
    }

    private Optional<LoraPair> pair(ModuleShape module, TensorInfo a, TensorInfo b) {
        boolean shapesFit = a.shape().size() == 2
                && b.shape().size() == 2
                && a.shape().get(1) == module.in()
                && b.shape().get(0) == module.out()
                && a.shape().get(0).equals(b.shape().get(1))
                && a.shape().get(0) > 0;
        if (!shapesFit) {
            findings.add(module.path() + " has A of shape " + a.shape() + " and B of shape " + b.shape()
                    + ", but the base needs [r, " + module.in() + "] and [" + module.out() + ", r]");
            return Optional.empty();
        }
        if (!a.dtype().isFloat() || !b.dtype().isFloat()) {
            findings.add(module.path() + " has weights of type " + a.dtype() + " and " + b.dtype()
                    + "; F32, F16, BF16 and F64 are read");
            return Optional.empty();
        }
        LoraPair pair = new LoraPair(
                Math.toIntExact(a.shape().get(0)),
                module.in(),
                module.out(),
                file.floats(a.name()),
                file.floats(b.name()));
        checkFinite(module.path(), "lora_A", pair.a());
        checkFinite(module.path(), "lora_B", pair.b());
        return Optional.of(pair);
    }

    private void checkFinite(String path, String name, float[] values) {
        int bad = 0;
        for (float value : values) {
            bad += Float.isFinite(value) ? 0 : 1;
        }
        if (bad > 0) {
            findings.add(path + " has " + bad + " of " + values.length + " numbers in " + name
                    + " that are NaN or infinite; train it again with a lower learning rate");
        }
    }
}
