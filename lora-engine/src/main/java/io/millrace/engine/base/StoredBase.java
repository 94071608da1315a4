package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.HfTokenizer;
import io.millrace.engine.text.JinjaChatTemplate;
import io.millrace.engine.text.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A base in its directory. Tensors are mapped, not read. */
final class StoredBase implements Base {
    private final BaseDescription description;
    private final Set<String> tensorNames;
    private final SafetensorsFile tensors;
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> chatTemplate;
    private final Runnable onClose;

    private StoredBase(
            BaseDescription description,
            Set<String> tensorNames,
            SafetensorsFile tensors,
            Tokenizer tokenizer,
            Optional<ChatTemplate> chatTemplate,
            Runnable onClose) {
        this.description = description;
        this.tensorNames = tensorNames;
        this.tensors = tensors;
        this.tokenizer = tokenizer;
        this.chatTemplate = chatTemplate;
        this.onClose = onClose;
    }

    /**
     * @param onClose runs after everything is closed
     * @throws MillraceException {@code bad_base}, {@code bad_safetensors}, {@code unsupported_template}
     */
    static StoredBase open(Path directory, String name, Runnable onClose) {
        BaseManifest manifest = manifest(directory);
        Map<String, byte[]> text = new HashMap<>();
        manifest.files().forEach((file, digest) -> text.put(file, verified(directory.resolve(file), digest)));
        Optional<ChatTemplate> template = Optional.ofNullable(text.get(TextFiles.CHAT_TEMPLATE))
                .map(source -> JinjaChatTemplate.compile(
                        new String(source, StandardCharsets.UTF_8),
                        specialTokens(text.get(TextFiles.TOKENIZER_CONFIG))));
        Architecture architecture = manifest.architecture();
        SafetensorsFile tensors = SafetensorsFile.open(directory.resolve(BaseWriter.TENSORS));
        Tokenizer tokenizer = null;
        try {
            if (!tensors.tensors().keySet().equals(manifest.tensors().keySet())) {
                throw damaged(directory.resolve(BaseWriter.TENSORS));
            }
            tokenizer = HfTokenizer.load(text.get(TextFiles.TOKENIZER));
            if (tokenizer.vocabSize() > architecture.vocabSize()) {
                throw new MillraceException(
                        ErrorCode.BAD_BASE,
                        "the tokenizer has " + tokenizer.vocabSize() + " tokens, the embedding only "
                                + architecture.vocabSize() + " rows; the base's files don't belong together");
            }
        } catch (RuntimeException e) {
            tensors.close();
            if (tokenizer != null) {
                tokenizer.close();
            }
            throw e;
        }
        return new StoredBase(
                architecture.describe(manifest.id(), name, manifest.quantisation()),
                Set.copyOf(architecture.tensors().keySet()),
                tensors,
                tokenizer,
                template,
                onClose);
    }

    /** The manifest of a directory. @throws MillraceException {@code bad_base} */
    static BaseManifest manifest(Path directory) {
        return BaseManifest.parse(read(directory.resolve(BaseManifest.FILE)));
    }

    @Override
    public BaseDescription description() {
        return description;
    }

    @Override
    public Set<String> tensorNames() {
        return tensorNames;
    }

    @Override
    public BaseTensor tensor(String name) {
        if (!tensorNames.contains(name)) {
            throw new IllegalArgumentException("the base has no tensor '" + name + "'");
        }
        if (BitsAndBytes.isNf4(tensors, name)) {
            return BitsAndBytes.read(tensors, name);
        }
        return new BaseTensor.Dense(
                BaseTensor.Element.valueOf(tensors.info(name).dtype().name()),
                tensors.info(name).dims(),
                tensors.data(name));
    }

    @Override
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    @Override
    public Optional<ChatTemplate> chatTemplate() {
        return chatTemplate;
    }

    @Override
    public void close() {
        tensors.close();
        tokenizer.close();
        onClose.run();
    }

    /** The tokens that templates know by name, each a text or an object with {@code content}. */
    private static Map<String, String> specialTokens(byte[] tokenizerConfig) {
        Map<String, String> tokens = new HashMap<>();
        try {
            JsonNode config = new ObjectMapper().readTree(tokenizerConfig);
            for (String name : Set.of("bos_token", "eos_token", "unk_token", "pad_token")) {
                JsonNode token = config.path(name);
                JsonNode content = token.isObject() ? token.path("content") : token;
                if (content.isTextual()) {
                    tokens.put(name, content.asText());
                }
            }
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE, TextFiles.TOKENIZER_CONFIG + " isn't JSON; import the base again", e);
        }
        return tokens;
    }

    private static byte[] verified(Path file, Digest digest) {
        byte[] bytes = read(file);
        if (!Digest.of(bytes).equals(digest)) {
            throw damaged(file);
        }
        return bytes;
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, file + " can't be read; import the base again", e);
        }
    }

    private static MillraceException damaged(Path file) {
        return new MillraceException(ErrorCode.BAD_BASE, file + " isn't what was imported; import the base again");
    }
}
