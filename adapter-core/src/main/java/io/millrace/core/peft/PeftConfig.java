package io.millrace.core.peft;

import io.millrace.core.StrictJson;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What {@code adapter_config.json} says, as far as it matters for serving.
 *
 * @param targets names of modules or ends of their paths; empty where it is a pattern
 * @param partial whether only some layers have the target modules
 * @param rankPattern ranks of single modules, by the end of the path
 * @param alphaPattern alphas of single modules
 * @param findings what isn't supported
 */
record PeftConfig(
        int rank,
        double alpha,
        double dropout,
        boolean rsLora,
        List<String> targets,
        boolean partial,
        Map<String, Double> rankPattern,
        Map<String, Double> alphaPattern,
        List<String> findings) {

    /** Fields that are read here, or that change nothing about how the adapter computes. */
    private static final Set<String> KNOWN = Set.of(
            "alpha_pattern",
            "auto_mapping",
            "base_model_name_or_path",
            "bias",
            "exclude_modules",
            "fan_in_fan_out",
            "inference_mode",
            "init_lora_weights",
            "layers_pattern",
            "layers_to_transform",
            "lora_alpha",
            "lora_dropout",
            "megatron_core",
            "peft_type",
            "peft_version",
            "qalora_group_size",
            "r",
            "rank_pattern",
            "revision",
            "target_modules",
            "task_type",
            "use_dora",
            "use_rslora");

    /** Ways to start training that leave the base's weights as they were. */
    private static final Set<Object> HARMLESS_STARTS = Set.of(true, false, "gaussian", "eva", "orthogonal");

    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*");

    static PeftConfig parse(byte[] content) throws StrictJson.Malformed {
        return new Reader(StrictJson.object(content)).read();
    }

    /** Whether a target or pattern names this module: all of its path, or whole parts at its end. */
    static boolean matches(String name, String path) {
        return path.equals(name) || path.endsWith("." + name);
    }

    int rank(String path) {
        return (int) of(rankPattern, path, rank);
    }

    /** The factor that the module's B A is multiplied by. */
    double scale(String path) {
        double r = rank(path);
        double a = of(alphaPattern, path, alpha);
        return rsLora ? a / Math.sqrt(r) : a / r;
    }

    private static double of(Map<String, Double> pattern, String path, double otherwise) {
        return pattern.entrySet().stream()
                .filter(e -> matches(e.getKey(), path))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(otherwise);
    }

    /** Takes the fields one by one and notes what it can't honour. */
    private static final class Reader {
        private final Map<String, Object> fields;
        private final List<String> findings = new ArrayList<>();

        Reader(Map<String, Object> fields) {
            this.fields = fields;
        }

        PeftConfig read() {
            require("peft_type", "LORA");
            refuse("use_dora", "merge the adapter into a plain LoRA first");
            refuse("fan_in_fan_out", "it is for bases with transposed weights");
            if (isSet(fields.get("bias")) && !"none".equals(fields.get("bias"))) {
                findings.add("bias '" + fields.get("bias") + "' isn't supported; train with bias none");
            }
            Object start = fields.get("init_lora_weights");
            if (isSet(start) && !HARMLESS_STARTS.contains(start)) {
                findings.add(
                        "init_lora_weights '" + start + "' changes the base's weights, which isn't supported;"
                                + " convert the adapter to plain LoRA (save_pretrained with path_initial_model_for_weight_conversion)");
            }
            fields.forEach((name, value) -> {
                if (!KNOWN.contains(name) && isSet(value)) {
                    findings.add("'" + name + "' isn't supported; export the adapter as plain LoRA without it");
                }
            });
            int rank = (int) number("r", 1, 1 << 16, 8);
            double alpha = number("lora_alpha", Double.MIN_VALUE, 1e9, 8);
            double dropout = number("lora_dropout", 0, Math.nextDown(1.0), 0);
            return new PeftConfig(
                    rank,
                    alpha,
                    dropout,
                    Boolean.TRUE.equals(fields.get("use_rslora")),
                    targets(),
                    isSet(fields.get("layers_to_transform")) || isSet(fields.get("exclude_modules")),
                    pattern("rank_pattern"),
                    pattern("alpha_pattern"),
                    findings);
        }

        private static boolean isSet(Object value) {
            return value != null
                    && !value.equals(false)
                    && !(value instanceof List<?> list && list.isEmpty())
                    && !(value instanceof Map<?, ?> map && map.isEmpty())
                    && !value.equals("");
        }

        private void require(String name, String value) {
            if (!value.equals(fields.get(name))) {
                findings.add(name + " is " + fields.get(name) + ", but only " + value + " is supported");
            }
        }

        private void refuse(String name, String advice) {
            if (isSet(fields.get(name))) {
                findings.add(name + " isn't supported; " + advice);
            }
        }

        private double number(String name, double min, double max, double otherwise) {
            Object value = fields.get(name);
            if (value == null) {
                return otherwise;
            }
            if (value instanceof Number n && n.doubleValue() >= min && n.doubleValue() <= max) {
                return n.doubleValue();
            }
            findings.add(name + " is " + value + ", no number that makes sense there");
            return otherwise;
        }

        private List<String> targets() {
            Object targets = fields.get("target_modules");
            if (targets instanceof List<?> list
                    && !list.isEmpty()
                    && list.stream().allMatch(String.class::isInstance)) {
                return list.stream().map(String.class::cast).toList();
            }
            if (!(targets instanceof String)) {
                findings.add("target_modules must be a list of names or a pattern, not " + targets);
            }
            return List.of();
        }

        private Map<String, Double> pattern(String name) {
            Map<String, Double> pattern = new LinkedHashMap<>(); // the first that matches counts
            if (!isSet(fields.get(name))) {
                return pattern;
            }
            if (!(fields.get(name) instanceof Map<?, ?> map)) {
                findings.add(name + " must be an object");
                return pattern;
            }
            map.forEach((key, value) -> {
                if (PLAIN_NAME.matcher((String) key).matches() && value instanceof Number n && n.doubleValue() > 0) {
                    pattern.put((String) key, n.doubleValue());
                } else {
                    findings.add(
                            name + "'s '" + key + "' isn't supported; write whole module names with numbers above 0");
                }
            });
            return pattern;
        }
    }
}
