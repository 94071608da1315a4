package io.millrace.core.peft;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.CanonicalJson;
import io.millrace.core.LoraConfig;
import io.millrace.core.safetensors.SafetensorsWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Writes the three files that PEFT reads. The same adapter gives the same bytes. */
final class PeftFiles {
    private static final Pattern PLAIN_YAML = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._/-]*");

    private PeftFiles() {}

    static SortedMap<String, byte[]> write(AdapterWeights weights, BaseDescription base, String title, String origin) {
        SortedMap<String, byte[]> files = new TreeMap<>();
        files.put(PeftDirectory.WEIGHTS, tensors(weights));
        files.put(PeftDirectory.CONFIG, utf8(config(weights.config(), base)));
        files.put(PeftDirectory.CARD, utf8(card(weights.config(), base, title, origin)));
        return files;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] tensors(AdapterWeights weights) {
        SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
        weights.modules().forEach((path, pair) -> {
            writer.add(PeftDirectory.key(path, "A"), new long[] {pair.rank(), pair.in()}, pair.a());
            writer.add(PeftDirectory.key(path, "B"), new long[] {pair.out(), pair.rank()}, pair.b());
        });
        return writer.toBytes();
    }

    private static String config(LoraConfig lora, BaseDescription base) {
        double alpha = lora.alpha();
        boolean whole = alpha == Math.rint(alpha) && alpha < Integer.MAX_VALUE;
        return PythonJson.write(Map.ofEntries(
                Map.entry("base_model_name_or_path", base.name()),
                Map.entry("bias", "none"),
                Map.entry("fan_in_fan_out", false),
                Map.entry("inference_mode", true),
                Map.entry("init_lora_weights", true),
                Map.entry("lora_alpha", whole ? (Object) (int) alpha : (Object) alpha),
                Map.entry("lora_dropout", lora.dropout()),
                Map.entry("peft_type", "LORA"),
                Map.entry("r", lora.rank()),
                Map.entry("target_modules", List.copyOf(lora.targetModules())),
                Map.entry("task_type", "CAUSAL_LM"),
                Map.entry("use_dora", false),
                Map.entry("use_rslora", lora.rsLora())));
    }

    private static String card(LoraConfig lora, BaseDescription base, String title, String origin) {
        return """
                ---
                base_model: %s
                library_name: peft
                tags:
                - lora
                - millrace
                ---
                # %s
                A LoRA adapter for `%s`, %s.

                | | |
                | --- | --- |
                | base | `%s` |
                | rank | %d |
                | alpha | %s%s |
                | dropout | %s |
                | modules | %s |

                ```python
                from peft import PeftModel
                model = PeftModel.from_pretrained(base_model, "path/of/this/directory")
                ```
                """.formatted(
                        yaml(base.name()),
                        title,
                        base.name(),
                        origin,
                        base.id().hex(),
                        lora.rank(),
                        CanonicalJson.text(lora.alpha()),
                        lora.rsLora() ? " (scaled by its quotient with the root of the rank)" : "",
                        CanonicalJson.text(lora.dropout()),
                        String.join(", ", lora.targetModules()));
    }

    private static String yaml(String text) {
        return PLAIN_YAML.matcher(text).matches() ? text : CanonicalJson.text(text); // a JSON string is a YAML one
    }
}
