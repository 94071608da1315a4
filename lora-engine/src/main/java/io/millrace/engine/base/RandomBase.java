package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ModuleShape;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A base of any shape with random weights, made tensor by tensor on first use: for measuring, and for tests that need no
 * sense in what is generated. Its tokens are letters.
 */
public final class RandomBase implements Base {
    private static final int NF4_SCALE_BLOCK = 256;

    private final BaseDescription description;
    private final long seed;
    private final Map<String, long[]> shapes;
    private final Map<String, BaseTensor> tensors = new ConcurrentHashMap<>();

    public RandomBase(BaseDescription description, long seed) {
        this.description = description;
        this.seed = seed;
        this.shapes = shapes(description);
    }

    @Override
    public BaseDescription description() {
        return description;
    }

    @Override
    public Set<String> tensorNames() {
        return shapes.keySet();
    }

    @Override
    public BaseTensor tensor(String name) {
        if (!shapes.containsKey(name)) {
            throw new IllegalArgumentException("the base has no tensor " + name);
        }
        return tensors.computeIfAbsent(name, this::make);
    }

    @Override
    public Tokenizer tokenizer() {
        return new LetterTokenizer(description.vocabSize());
    }

    @Override
    public Optional<ChatTemplate> chatTemplate() {
        return Optional.empty();
    }

    @Override
    public void close() {
        tensors.clear();
    }

    private BaseTensor make(String name) {
        long[] shape = shapes.get(name);
        SplittableRandom random = new SplittableRandom(seed * 31 + name.hashCode());
        boolean block = name.contains("_proj.");
        if (block && description.quantisation() == Quantisation.NF4) {
            return nf4(shape, random);
        }
        int count = Math.toIntExact(shape.length == 1 ? shape[0] : shape[0] * shape[1]);
        if (description.quantisation() == Quantisation.NF4) {
            return bf16(shape, count, random);
        }
        ByteBuffer bytes = direct(4 * count);
        for (int i = 0; i < count; i++) {
            bytes.putFloat(value(shape, random));
        }
        return new BaseTensor.Dense(BaseTensor.Element.F32, shape, done(bytes));
    }

    private static BaseTensor bf16(long[] shape, int count, SplittableRandom random) {
        ByteBuffer bytes = direct(2 * count);
        for (int i = 0; i < count; i++) {
            bytes.putShort((short) (Float.floatToIntBits(value(shape, random)) >>> 16));
        }
        return new BaseTensor.Dense(BaseTensor.Element.BF16, shape, done(bytes));
    }

    private static BaseTensor nf4(long[] shape, SplittableRandom random) {
        int blocks = Nf4.blocks(Math.toIntExact(shape[0] * shape[1]));
        byte[] packed = new byte[blocks * Nf4.BLOCK / 2];
        random.nextBytes(packed);
        byte[] codes = new byte[blocks];
        random.nextBytes(codes);
        ByteBuffer scales = direct(4 * ((blocks + NF4_SCALE_BLOCK - 1) / NF4_SCALE_BLOCK));
        while (scales.hasRemaining()) {
            scales.putFloat(0.01f);
        }
        return new BaseTensor.Nf4(
                shape,
                done(direct(packed.length).put(packed)),
                done(direct(codes.length).put(codes)),
                done(scales),
                (float) (1.5 / Math.sqrt((double) shape[1])));
    }

    /** Norms near one; matrices that keep the size of what goes through them. */
    private static float value(long[] shape, SplittableRandom random) {
        double uniform = random.nextDouble() * 2 - 1;
        return (float) (shape.length == 1 ? 1 + 0.1 * uniform : uniform * Math.sqrt(3.0 / (double) shape[1]));
    }

    private static ByteBuffer direct(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer done(ByteBuffer bytes) {
        return bytes.flip().asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static Map<String, long[]> shapes(BaseDescription base) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        shapes.put("model.embed_tokens.weight", new long[] {base.vocabSize(), base.hiddenSize()});
        for (int l = 0; l < base.layers(); l++) {
            String block = "model.layers." + l;
            shapes.put(block + ".input_layernorm.weight", new long[] {base.hiddenSize()});
            shapes.put(block + ".post_attention_layernorm.weight", new long[] {base.hiddenSize()});
        }
        for (ModuleShape module : base.linearModules()) {
            shapes.put(module.path() + ".weight", new long[] {module.out(), module.in()});
        }
        shapes.put("model.norm.weight", new long[] {base.hiddenSize()});
        if (!base.tiedEmbeddings()) {
            shapes.put("lm_head.weight", new long[] {base.vocabSize(), base.hiddenSize()});
        }
        return shapes;
    }

    /** Token i is the letter i modulo 26. */
    private record LetterTokenizer(int vocabSize) implements Tokenizer {
        @Override
        public int[] prefix() {
            return new int[0];
        }

        @Override
        public int[] encode(String text) {
            return text.chars().map(c -> Math.floorMod(c - 'a', 26)).toArray();
        }

        @Override
        public String decode(int[] ids, boolean skipSpecial) {
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                text.append((char) ('a' + id % 26));
            }
            return text.toString();
        }

        @Override
        public StreamDecoder streamDecoder() {
            return new StreamDecoder() {
                @Override
                public String next(int id) {
                    return decode(new int[] {id}, true);
                }

                @Override
                public String flush() {
                    return "";
                }
            };
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }
}
