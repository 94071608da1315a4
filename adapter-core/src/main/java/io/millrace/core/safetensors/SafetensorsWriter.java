package io.millrace.core.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.millrace.core.Digest;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Writes a safetensors file. The same tensors and metadata give the same bytes, in whatever order they were added:
 * tensors stand in descending order of {@link TensorDType}, then by name, as the format's own implementation lays them
 * out. Tensors may be produced one after the other while writing, so a file needn't fit in memory.
 */
public final class SafetensorsWriter {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int ALIGNMENT = 8;
    private static final int CHUNK_FLOATS = 1 << 14;

    private final SortedMap<String, String> metadata = new TreeMap<>();
    private final SortedMap<String, Entry> entries = new TreeMap<>();

    /** Produces the bytes of one tensor, row-major and little-endian, when their turn comes. */
    @FunctionalInterface
    public interface TensorSource {
        void writeTo(WritableByteChannel out) throws IOException;
    }

    private record Entry(String name, TensorDType dtype, List<Long> shape, long bytes, TensorSource source) {}

    public SafetensorsWriter metadata(String key, String value) {
        metadata.put(key, value);
        return this;
    }

    public SafetensorsWriter metadata(Map<String, String> values) {
        metadata.putAll(values);
        return this;
    }

    /**
     * Adds a tensor whose bytes come later.
     *
     * @throws IllegalArgumentException where the name is taken or reserved, or the size overflows
     */
    public SafetensorsWriter add(String name, TensorDType dtype, long[] shape, TensorSource source) {
        if (name.equals(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("no tensor can be called " + name);
        }
        List<Long> dims = Arrays.stream(shape).boxed().toList();
        long bytes;
        try {
            bytes = TensorInfo.sizeBytes(dtype, dims);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("'" + name + "' has an impossible shape: " + dims, e);
        }
        if (entries.putIfAbsent(name, new Entry(name, dtype, dims, bytes, source)) != null) {
            throw new IllegalArgumentException("'" + name + "' was added before");
        }
        return this;
    }

    /** Adds a tensor whose bytes are what remains of the buffer, row-major and little-endian. */
    public SafetensorsWriter add(String name, TensorDType dtype, long[] shape, ByteBuffer data) {
        ByteBuffer bytes = data.slice();
        return add(name, dtype, shape, out -> writeFully(out, bytes.duplicate()));
    }

    /** Adds a float32 tensor; the array isn't copied. */
    public SafetensorsWriter add(String name, long[] shape, float[] values) {
        return add(name, TensorDType.F32, shape, out -> {
            ByteBuffer chunk = ByteBuffer.allocate(4 * CHUNK_FLOATS).order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at < values.length; at += CHUNK_FLOATS) {
                int n = Math.min(CHUNK_FLOATS, values.length - at);
                chunk.clear();
                chunk.asFloatBuffer().put(values, at, n);
                writeFully(out, chunk.limit(4 * n));
            }
        });
    }

    /** Size of the whole file. */
    public long sizeBytes() {
        return header().length
                + entries.values().stream().mapToLong(Entry::bytes).sum();
    }

    /** Writes a file beside the target, forces it to disk, and moves it there: either all of it appears, or nothing. */
    public void writeTo(Path target) {
        try {
            Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
            try {
                try (FileChannel channel =
                        FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                    try (OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16)) {
                        writeTo(out);
                        out.flush();
                        channel.force(true);
                    }
                }
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } finally {
                Files.deleteIfExists(temporary);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't write " + target + ": " + e.getMessage(), e);
        }
    }

    /** Writes the file and leaves the stream open. */
    public void writeTo(OutputStream out) {
        try {
            out.write(header());
            for (Entry entry : inOrder()) {
                CountingChannel channel = new CountingChannel(out, entry);
                entry.source().writeTo(channel);
                channel.checkComplete();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't write the tensors: " + e.getMessage(), e);
        }
    }

    public byte[] toBytes() {
        WholeFile out = new WholeFile(Math.toIntExact(sizeBytes()));
        writeTo(out);
        return out.bytes();
    }

    /** Digest of the file's bytes, without holding them. */
    public Digest digest() {
        MessageDigest digest = Digest.sha256();
        writeTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
        return Digest.of(digest);
    }

    private List<Entry> inOrder() {
        List<Entry> sorted = new ArrayList<>(entries.values());
        sorted.sort(Comparator.comparing(Entry::dtype).reversed()); // stable: names stay sorted
        return sorted;
    }

    /** Length field and JSON text, padded with spaces so that the data starts at a multiple of eight. */
    private byte[] header() {
        StringWriter text = new StringWriter(); // Jackson's UTF-8 generator breaks names beyond the first plane
        try (JsonGenerator generator = JSON.createGenerator(text)) {
            generator.writeStartObject();
            if (!metadata.isEmpty()) {
                generator.writeObjectFieldStart(SafetensorsHeader.METADATA);
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    generator.writeStringField(entry.getKey(), entry.getValue());
                }
                generator.writeEndObject();
            }
            long begin = 0;
            for (Entry entry : inOrder()) {
                generator.writeObjectFieldStart(entry.name());
                generator.writeStringField("dtype", entry.dtype().name());
                writeLongs(generator, "shape", entry.shape());
                writeLongs(generator, "data_offsets", List.of(begin, begin + entry.bytes()));
                generator.writeEndObject();
                begin += entry.bytes();
            }
            generator.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        ByteBuffer json = utf8(text.toString());
        int length = (json.remaining() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(SafetensorsHeader.PREFIX_BYTES + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.array();
    }

    private static ByteBuffer utf8(String text) {
        try {
            return StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("a tensor's name or the metadata holds an unpaired surrogate", e);
        }
    }

    private static void writeLongs(JsonGenerator generator, String field, List<Long> values) throws IOException {
        generator.writeArrayFieldStart(field);
        for (long value : values) {
            generator.writeNumber(value);
        }
        generator.writeEndArray();
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }

    /** Has the file's size from the start, so that the bytes need no copy. */
    private static final class WholeFile extends ByteArrayOutputStream {
        WholeFile(int bytes) {
            super(bytes);
        }

        byte[] bytes() {
            return count == buf.length ? buf : toByteArray();
        }
    }

    /** Passes bytes on and sees that a tensor has exactly as many as its shape says. */
    private static final class CountingChannel implements WritableByteChannel {
        private final WritableByteChannel out;
        private final Entry entry;
        private long written;

        CountingChannel(OutputStream out, Entry entry) {
            this.out = Channels.newChannel(out);
            this.entry = entry;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            if (bytes.remaining() > entry.bytes() - written) {
                throw wrongSize("more");
            }
            int n = out.write(bytes);
            written += n;
            return n;
        }

        void checkComplete() {
            if (written != entry.bytes()) {
                throw wrongSize("only " + written);
            }
        }

        private IllegalArgumentException wrongSize(String found) {
            return new IllegalArgumentException("'" + entry.name() + "' of shape " + entry.shape() + " needs "
                    + entry.bytes() + " bytes; its source gave " + found);
        }

        @Override
        public boolean isOpen() {
            return true;
        }

        @Override
        public void close() {}
    }
}
