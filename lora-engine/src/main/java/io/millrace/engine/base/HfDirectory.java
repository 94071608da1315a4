package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** A model directory as Hugging Face's tools write it: dense, or quantised to 4 bits by bitsandbytes. */
final class HfDirectory implements WeightSource {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path directory;
    private final Architecture architecture;
    private final Map<String, SafetensorsFile> files = new HashMap<>();
    private final Map<String, SafetensorsFile> byTensor = new HashMap<>();

    /**
     * @throws MillraceException {@code bad_base} where a file is missing or broken, {@code unsupported_base},
     *     {@code bad_safetensors}
     */
    HfDirectory(Path directory) {
        this.directory = directory;
        this.architecture = new HfConfig(json("config.json").orElseThrow(() -> missing("config.json")))
                .architecture(json("generation_config.json").orElse(MissingNode.getInstance()));
        try {
            openTensors();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private void openTensors() {
        Optional<JsonNode> index = json(INDEX);
        if (index.isEmpty() && !Files.exists(directory.resolve(SINGLE))) {
            throw missing(SINGLE);
        }
        if (index.isEmpty()) {
            SafetensorsFile file = open(SINGLE);
            file.tensors().keySet().forEach(name -> byTensor.put(name, file));
            return;
        }
        index.get().path("weight_map").fields().forEachRemaining(entry -> {
            String shard = entry.getValue().asText();
            if (!Path.of(shard).equals(Path.of(shard).getFileName())) {
                throw bad(INDEX + " names '" + shard + "', which isn't a plain file name");
            }
            byTensor.put(entry.getKey(), open(shard));
        });
    }

    private SafetensorsFile open(String file) {
        if (!Files.exists(directory.resolve(file))) {
            throw missing(file);
        }
        return files.computeIfAbsent(file, f -> SafetensorsFile.open(directory.resolve(f)));
    }

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public SourceTensor tensor(String name) {
        SafetensorsFile file = byTensor.get(name);
        if (file == null || file.find(name).isEmpty()) {
            throw bad("it has no tensor '" + name + "'");
        }
        if (BitsAndBytes.isNf4(file, name)) {
            return new SourceTensor.Quantised(BitsAndBytes.read(file, name));
        }
        if (BitsAndBytes.isFp4(file, name)) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE,
                    directory + " is quantised to FP4, which this engine doesn't compute; import the unquantised base");
        }
        return new SafetensorsNumbers(file, file.info(name));
    }

    @Override
    public TextFiles text() {
        JsonNode config = json(TextFiles.TOKENIZER_CONFIG).orElse(JSON.createObjectNode());
        return new TextFiles(
                bytes(TextFiles.TOKENIZER).orElseThrow(() -> missing(TextFiles.TOKENIZER)),
                bytes(TextFiles.TOKENIZER_CONFIG).orElse("{}".getBytes(StandardCharsets.UTF_8)),
                bytes(TextFiles.CHAT_TEMPLATE)
                        .map(template -> new String(template, StandardCharsets.UTF_8))
                        .or(() -> templateOf(config)));
    }

    /** The template inside tokenizer_config.json: one text, or several with names. */
    private static Optional<String> templateOf(JsonNode config) {
        JsonNode template = config.path("chat_template");
        if (template.isTextual()) {
            return Optional.of(template.asText());
        }
        for (JsonNode named : template) {
            if (named.path("name").asText().equals("default")) {
                return Optional.of(named.path("template").asText());
            }
        }
        return Optional.empty();
    }

    private Optional<JsonNode> json(String file) {
        Optional<byte[]> bytes = bytes(file);
        try {
            return bytes.isEmpty() ? Optional.empty() : Optional.of(JSON.readTree(bytes.get()));
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE, directory.resolve(file) + " isn't JSON; download the base again", e);
        }
    }

    private Optional<byte[]> bytes(String file) {
        Path path = directory.resolve(file);
        try {
            return Files.exists(path) ? Optional.of(Files.readAllBytes(path)) : Optional.empty();
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, path + " can't be read: " + e.getMessage(), e);
        }
    }

    private MillraceException missing(String file) {
        return bad("it has no " + file);
    }

    private MillraceException bad(String what) {
        return new MillraceException(
                ErrorCode.BAD_BASE, directory + " isn't a whole base: " + what + "; download it again");
    }

    @Override
    public void close() {
        files.values().forEach(SafetensorsFile::close);
    }
}
