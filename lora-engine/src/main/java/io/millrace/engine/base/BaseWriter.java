package io.millrace.engine.base;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsWriter;
import io.millrace.core.safetensors.SafetensorsWriter.TensorSource;
import io.millrace.core.safetensors.TensorDType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Writes a source into a directory as a stored base. Tensors pass through one at a time: a quantised one goes to a spool
 * file, as safetensors wants its parts in several places; a dense one is read in parts when its turn comes.
 */
final class BaseWriter {
    static final String TENSORS = "model.safetensors";

    private final WeightSource source;
    private final Quantisation quantisation;
    private final ImportProgress progress;
    private final SafetensorsWriter writer = new SafetensorsWriter().metadata("format", "pt");
    private final SortedMap<String, Digest> digests = new TreeMap<>();
    private final long total;
    private long done;

    BaseWriter(WeightSource source, Quantisation quantisation, ImportProgress progress) {
        this.source = source;
        this.quantisation = quantisation;
        this.progress = progress;
        this.total = source.architecture().size();
    }

    /**
     * @param directory empty
     * @throws MillraceException {@code bad_base} where a tensor is missing, has another shape or isn't finite
     */
    BaseManifest writeTo(Path directory) throws IOException {
        SortedMap<String, Digest> files = writeText(directory);
        try (Spool spool = new Spool(directory.resolve("spool.part"))) {
            for (Map.Entry<String, long[]> entry :
                    source.architecture().tensors().entrySet()) {
                add(entry.getKey(), checked(entry.getKey(), entry.getValue()), spool);
            }
            writer.writeTo(directory.resolve(TENSORS));
        }
        BaseManifest manifest = new BaseManifest(source.architecture(), quantisation, digests, files);
        Files.write(directory.resolve(BaseManifest.FILE), manifest.toBytes());
        return manifest;
    }

    private SortedMap<String, Digest> writeText(Path directory) throws IOException {
        TextFiles text = source.text();
        SortedMap<String, byte[]> files = new TreeMap<>();
        files.put(TextFiles.TOKENIZER, text.tokenizer());
        files.put(TextFiles.TOKENIZER_CONFIG, text.tokenizerConfig());
        text.chatTemplate()
                .ifPresent(template -> files.put(TextFiles.CHAT_TEMPLATE, template.getBytes(StandardCharsets.UTF_8)));
        SortedMap<String, Digest> digests = new TreeMap<>();
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Files.write(directory.resolve(file.getKey()), file.getValue());
            digests.put(file.getKey(), Digest.of(file.getValue()));
        }
        return digests;
    }

    private SourceTensor checked(String name, long[] shape) {
        SourceTensor tensor = source.tensor(name);
        if (!Arrays.equals(tensor.shape(), shape)) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE,
                    "'" + name + "' has the shape " + Arrays.toString(tensor.shape())
                            + ", but the configuration asks for " + Arrays.toString(shape)
                            + "; the base's files don't belong together");
        }
        return tensor;
    }

    private void add(String name, SourceTensor tensor, Spool spool) throws IOException {
        boolean quantise = quantisation == Quantisation.NF4 && Architecture.isLinear(name);
        if (tensor instanceof SourceTensor.Quantised quantised) {
            if (quantise) {
                addQuantised(name, quantised.tensor(), spool);
                advance(Architecture.size(tensor.shape()));
            } else {
                addDense(name, new HeldNumbers(quantised.shape(), Nf4.dequantise(quantised.tensor())));
            }
        } else if (tensor instanceof SourceTensor.Numbers numbers) {
            if (quantise) {
                addQuantised(name, new TensorQuantiser(name, numbers, this::advance).quantise(), spool);
            } else {
                addDense(name, numbers);
            }
        }
    }

    private void addDense(String name, SourceTensor.Numbers tensor) {
        TensorDType dtype = TensorDType.valueOf(tensor.element().name());
        add(name, dtype, tensor.shape(), new DenseParts(name, tensor, tensor.element(), this::advance));
    }

    private void addQuantised(String name, BaseTensor.Nf4 tensor, Spool spool) throws IOException {
        long bytes = (Architecture.size(tensor.shape()) + 1) / 2;
        ByteBuffer packed = tensor.packed().duplicate();
        packed.limit(packed.position() + Math.toIntExact(bytes));
        addPart(name, TensorDType.U8, new long[] {bytes, 1}, packed, spool);
        addPart(name + BitsAndBytes.ABSMAX, TensorDType.U8, tensor.absmaxCodes(), spool);
        addPart(name + BitsAndBytes.NESTED_ABSMAX, TensorDType.F32, tensor.absmaxScales(), spool);
        addFloats(name + BitsAndBytes.QUANT_MAP, Nf4.values());
        addFloats(name + BitsAndBytes.NESTED_QUANT_MAP, DynamicMap.signed().values());
        byte[] state = BitsAndBytes.state(tensor, "float32");
        addPart(name + BitsAndBytes.NF4_STATE, TensorDType.U8, ByteBuffer.wrap(state), spool);
    }

    private void addPart(String name, TensorDType dtype, ByteBuffer data, Spool spool) throws IOException {
        addPart(name, dtype, new long[] {data.remaining() / dtype.bytes()}, data, spool);
    }

    private void addPart(String name, TensorDType dtype, long[] shape, ByteBuffer data, Spool spool)
            throws IOException {
        Spool.Piece piece = spool.append(data);
        add(name, dtype, shape, out -> {
            ByteBuffer bytes = spool.read(piece);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        });
    }

    private void addFloats(String name, float[] values) {
        add(name, TensorDType.F32, new long[] {values.length}, out -> {
            ByteBuffer bytes = Nf4.littleEndian(values);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        });
    }

    /** Adds a tensor whose digest is taken while it is written. */
    private void add(String name, TensorDType dtype, long[] shape, TensorSource data) {
        writer.add(name, dtype, shape, out -> {
            MessageDigest digest = Digest.sha256();
            digest.update((dtype + Arrays.toString(shape)).getBytes(StandardCharsets.UTF_8));
            data.writeTo(new DigestingChannel(out, digest));
            digests.put(name, Digest.of(digest));
        });
    }

    private void advance(long elements) {
        done += elements;
        progress.advanced("import", done, total);
    }

    private record DigestingChannel(WritableByteChannel out, MessageDigest digest) implements WritableByteChannel {
        @Override
        public int write(ByteBuffer bytes) throws IOException {
            ByteBuffer written = bytes.duplicate();
            int n = out.write(bytes);
            written.limit(written.position() + n);
            digest.update(written);
            return n;
        }

        @Override
        public boolean isOpen() {
            return out.isOpen();
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
