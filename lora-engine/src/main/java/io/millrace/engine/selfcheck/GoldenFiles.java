package io.millrace.engine.selfcheck;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterWeights;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Reads what golden directories hold: JSON files, PEFT adapters, what an engine must support for them. */
final class GoldenFiles {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    private GoldenFiles() {}

    static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + file, e);
        }
    }

    /** Entries of a directory in order, none where there is no such directory. */
    static List<Path> list(Path directory) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't list " + directory, e);
        }
    }

    /** Why this engine can't use the Hugging Face directory, empty where it can. */
    static Optional<String> unsupportedModel(Path model) {
        String family = json(model.resolve("config.json")).path("model_type").asText();
        return family.equals("llama") ? Optional.empty() : Optional.of(family + " models aren't supported yet");
    }

    /** Why this engine can't train the adapter, empty where it can. */
    static Optional<String> unsupportedAdapter(Path adapter) {
        JsonNode config = json(adapter.resolve("adapter_config.json"));
        if (config.path("use_dora").asBoolean()) {
            return Optional.of("DoRA isn't supported yet");
        }
        if (!config.path("rank_pattern").isEmpty()
                || !config.path("alpha_pattern").isEmpty()) {
            return Optional.of("ranks by pattern aren't supported yet");
        }
        return Optional.empty();
    }

    static AdapterWeights adapter(Path directory) {
        JsonNode json = json(directory.resolve("adapter_config.json"));
        Set<String> targets = new TreeSet<>();
        json.path("target_modules").forEach(target -> targets.add(target.asText()));
        LoraConfig config = new LoraConfig(
                json.path("r").asInt(),
                json.path("lora_alpha").asDouble(),
                json.path("lora_dropout").asDouble(),
                new TreeSet<>(targets),
                json.path("use_rslora").asBoolean());
        return AdapterWeights.of(config, pairs(directory.resolve("adapter_model.safetensors")));
    }

    /** PEFT's matrices by module path. */
    static Map<String, LoraPair> pairs(Path safetensors) {
        Map<String, LoraPair> pairs = new TreeMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(safetensors)) {
            for (String name : new ArrayList<>(file.tensors().keySet())) {
                if (name.endsWith(A)) {
                    String module = name.substring(0, name.length() - A.length());
                    List<Long> a = file.info(name).shape();
                    List<Long> b = file.info(module + B).shape();
                    pairs.put(
                            module.substring(PREFIX.length()),
                            new LoraPair(
                                    a.get(0).intValue(),
                                    a.get(1).intValue(),
                                    b.get(0).intValue(),
                                    file.floats(name),
                                    file.floats(module + B)));
                }
            }
        }
        return pairs;
    }
}
