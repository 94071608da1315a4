package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.Digest;
import io.millrace.core.ModuleShape;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseTensor;
import io.millrace.engine.base.Nf4;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.Tokenizer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** A small Llama with random weights that the test can ask for, and no text side. */
final class KnownBase implements Base {
    private final BaseDescription description;
    private final Map<String, float[]> plain = new TreeMap<>();
    private final Map<String, BaseTensor> tensors = new TreeMap<>();

    private KnownBase(BaseDescription description) {
        this.description = description;
    }

    /** 2 blocks, hidden 24, 4 query heads of 6 over 2 key/value heads: sizes that no block of 64 divides evenly. */
    static KnownBase of(Quantisation quantisation, boolean tied, long seed) {
        return of(
                new BaseDescription(
                        Digest.of("random" + seed),
                        "random",
                        "llama",
                        50,
                        24,
                        40,
                        2,
                        4,
                        2,
                        6,
                        64,
                        1e-5,
                        tied,
                        new Rope(10000, Optional.empty()),
                        Optional.empty(),
                        List.of(2),
                        quantisation),
                seed);
    }

    static KnownBase of(BaseDescription d, long seed) {
        KnownBase base = new KnownBase(d);
        SplitMix random = new SplitMix(seed);
        for (ModuleShape module : d.linearModules()) {
            float[] weights = base.add(module.path() + ".weight", random, 0.2f, 0, module.out(), module.in());
            if (d.quantisation() == Quantisation.NF4) {
                BaseTensor.Nf4 nf4 = Nf4.quantise(weights, new long[] {module.out(), module.in()});
                base.tensors.put(module.path() + ".weight", nf4);
                base.plain.put(module.path() + ".weight", Nf4.dequantise(nf4));
            }
        }
        for (int i = 0; i < d.layers(); i++) {
            base.add("model.layers." + i + ".input_layernorm.weight", random, 0.3f, 1, d.hiddenSize());
            base.add("model.layers." + i + ".post_attention_layernorm.weight", random, 0.3f, 1, d.hiddenSize());
        }
        base.add("model.norm.weight", random, 0.3f, 1, d.hiddenSize());
        base.add("model.embed_tokens.weight", random, 0.5f, 0, d.vocabSize(), d.hiddenSize());
        if (!d.tiedEmbeddings()) {
            base.add("lm_head.weight", random, 0.5f, 0, d.vocabSize(), d.hiddenSize());
        }
        return base;
    }

    private float[] add(String name, SplitMix random, float spread, float centre, long... shape) {
        int size = 1;
        for (long side : shape) {
            size *= (int) side;
        }
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = centre + (2 * random.nextFloat() - 1) * spread;
        }
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * size).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        tensors.put(name, new BaseTensor.Dense(BaseTensor.Element.F32, shape, bytes));
        plain.put(name, values);
        return values;
    }

    /** The values that the model computes with. */
    float[] values(String name) {
        return plain.get(name);
    }

    @Override
    public BaseDescription description() {
        return description;
    }

    @Override
    public Set<String> tensorNames() {
        return tensors.keySet();
    }

    @Override
    public BaseTensor tensor(String name) {
        return tensors.get(name);
    }

    @Override
    public Tokenizer tokenizer() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Optional<ChatTemplate> chatTemplate() {
        return Optional.empty();
    }

    @Override
    public void close() {}
}
