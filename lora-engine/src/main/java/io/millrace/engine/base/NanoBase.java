package io.millrace.engine.base;

import io.millrace.core.BaseDescription.Rope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/**
 * A tiny Llama with random weights, the same on every machine: for smoke tests, where a step must take milliseconds and no
 * answer makes sense.
 */
final class NanoBase implements WeightSource {
    static final String NAME = "nano";

    private static final long SEED = 20_260_101L;
    private static final int HIDDEN = 64;
    private static final int INTERMEDIATE = 192;
    private static final double EMBEDDING_DEVIATION = 0.2;
    private static final List<String> SPECIAL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<pad>");
    private static final String CHAT_TEMPLATE = """
            {% for message in messages %}{{ '<|im_start|>' + message['role'] + '
            ' + message['content'] + '<|im_end|>' + '
            ' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
            ' }}{% endif %}""";
    private static final String TOKENIZER_CONFIG = """
            {"bos_token": "<|endoftext|>", "eos_token": "<|im_end|>", "pad_token": "<pad>"}
            """;

    private final List<String> merges = merges();
    private final Architecture architecture = new Architecture(
            "llama",
            SPECIAL.size() + 256 + merges.size(),
            HIDDEN,
            INTERMEDIATE,
            2,
            4,
            2,
            16,
            1024,
            1e-5,
            true,
            new Rope(10_000, Optional.empty()),
            Optional.of(0),
            List.of(2));

    @Override
    public Architecture architecture() {
        return architecture;
    }

    @Override
    public SourceTensor tensor(String name) {
        return new RandomNumbers(name, architecture.tensors().get(name));
    }

    @Override
    public TextFiles text() {
        List<String> tokens = new ArrayList<>(SPECIAL);
        tokens.addAll(BpeTokenizerJson.byteCharacters());
        merges.forEach(pair -> tokens.add(pair.replace(" ", "")));
        return new TextFiles(
                BpeTokenizerJson.build(
                        tokens, merges, Map.of(0, true, 1, true, 2, true, 3, true), BpeTokenizerJson.Split.SMOLLM),
                TOKENIZER_CONFIG.getBytes(StandardCharsets.UTF_8),
                Optional.of(CHAT_TEMPLATE));
    }

    @Override
    public void close() {}

    private static List<String> merges() {
        try (InputStream in = NanoBase.class.getResourceAsStream("nano-merges.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Normal numbers whose seed is the tensor's name; norms are ones. */
    private record RandomNumbers(String name, long[] shape) implements SourceTensor.Numbers {
        @Override
        public BaseTensor.Element element() {
            return BaseTensor.Element.F32;
        }

        @Override
        public void read(long from, float[] target, int count) {
            Random random = new Random(SEED ^ name.hashCode());
            double deviation =
                    name.contains("embed") ? EMBEDDING_DEVIATION : 1 / Math.sqrt((double) shape[shape.length - 1]);
            for (long i = 0; i < from + count; i++) {
                float value = shape.length == 1 ? 1 : (float) (random.nextGaussian() * deviation);
                if (i >= from) {
                    target[(int) (i - from)] = value;
                }
            }
        }
    }
}
