package io.millrace.core.safetensors;

import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * A safetensors file, opened for reading. Only the header is read; each tensor of a file on disk is mapped when it is
 * asked for, so files may be of any size. Every malformed header is refused when the file is opened. Safe for use by
 * many threads; buffers stay valid after {@link #close}.
 */
public final class SafetensorsFile implements AutoCloseable {
    private final String source;
    private final SafetensorsHeader header;
    private final Data data;

    /** What holds the bytes after the header. */
    private interface Data extends AutoCloseable {
        ByteBuffer slice(long begin, int length) throws IOException;

        @Override
        void close() throws IOException;
    }

    private SafetensorsFile(String source, SafetensorsHeader header, Data data) {
        this.source = source;
        this.header = header;
        this.data = data;
    }

    /** @throws MillraceException {@code bad_safetensors} where the file can't be read or its header is malformed */
    public static SafetensorsFile open(Path path) {
        String source = path.toString();
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return open(source, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw SafetensorsHeader.bad(source, "there is no such file", e);
        } catch (IOException e) {
            throw SafetensorsHeader.bad(source, "it can't be read: " + e.getMessage(), e);
        }
    }

    private static SafetensorsFile open(String source, FileChannel channel) throws IOException {
        long fileBytes = channel.size();
        ByteBuffer prefix = read(source, channel, 0, SafetensorsHeader.PREFIX_BYTES);
        int length = SafetensorsHeader.length(source, prefix.getLong(), fileBytes);
        ByteBuffer json = read(source, channel, SafetensorsHeader.PREFIX_BYTES, length);
        long dataStart = (long) SafetensorsHeader.PREFIX_BYTES + length;
        return new SafetensorsFile(source, SafetensorsHeader.parse(source, json, fileBytes - dataStart), new Data() {
            @Override
            public ByteBuffer slice(long begin, int bytes) throws IOException {
                return channel.map(FileChannel.MapMode.READ_ONLY, dataStart + begin, bytes);
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        });
    }

    private static ByteBuffer read(String source, FileChannel channel, long at, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        while (buffer.hasRemaining()) {
            if (channel.read(buffer, at + buffer.position()) < 0) {
                throw SafetensorsHeader.bad(source, "it is truncated: it ends at byte " + (at + buffer.position()));
            }
        }
        return buffer.flip();
    }

    /** Reads from memory; the content must not change while the file is in use. */
    public static SafetensorsFile of(byte[] content) {
        return of("safetensors content", ByteBuffer.wrap(content));
    }

    /**
     * Reads what remains of the buffer; the content must not change while the file is in use.
     *
     * @param source what messages call it
     */
    public static SafetensorsFile of(String source, ByteBuffer content) {
        ByteBuffer all = content.slice().order(ByteOrder.LITTLE_ENDIAN);
        if (all.remaining() < SafetensorsHeader.PREFIX_BYTES) {
            throw SafetensorsHeader.bad(source, "it is truncated: it ends at byte " + all.remaining());
        }
        int length = SafetensorsHeader.length(source, all.getLong(0), all.remaining());
        ByteBuffer json = all.slice(SafetensorsHeader.PREFIX_BYTES, length);
        int dataStart = SafetensorsHeader.PREFIX_BYTES + length;
        ByteBuffer data = all.slice(dataStart, all.remaining() - dataStart);
        return new SafetensorsFile(source, SafetensorsHeader.parse(source, json, data.remaining()), new Data() {
            @Override
            public ByteBuffer slice(long begin, int bytes) {
                return data.slice((int) begin, bytes).asReadOnlyBuffer();
            }

            @Override
            public void close() {}
        });
    }

    /** All tensors, by name. */
    public SortedMap<String, TensorInfo> tensors() {
        return header.tensors();
    }

    public Map<String, String> metadata() {
        return header.metadata();
    }

    public Optional<TensorInfo> find(String name) {
        return Optional.ofNullable(header.tensors().get(name));
    }

    /** @throws MillraceException {@code bad_safetensors} where the file has no tensor of that name */
    public TensorInfo info(String name) {
        return find(name).orElseThrow(() -> SafetensorsHeader.bad(source, "it has no tensor '" + name + "'"));
    }

    /**
     * A tensor's bytes: row-major, little-endian, read-only; mapped where the file is on disk.
     *
     * @throws MillraceException {@code bad_safetensors} where there is none of that name, or it is larger than a buffer
     *     can be (read it in parts then)
     */
    public ByteBuffer data(String name) {
        TensorInfo tensor = info(name);
        if (tensor.sizeBytes() > Integer.MAX_VALUE) {
            throw SafetensorsHeader.bad(
                    source, "'" + name + "' has " + tensor.sizeBytes() + " bytes, too many for one buffer");
        }
        return data(name, 0, (int) tensor.sizeBytes());
    }

    /** A part of a tensor's bytes, for tensors of 2 GiB and more. */
    public ByteBuffer data(String name, long offset, int bytes) {
        TensorInfo tensor = info(name);
        if (offset < 0 || bytes < 0 || offset > tensor.sizeBytes() - bytes) {
            throw new IndexOutOfBoundsException(
                    bytes + " bytes at " + offset + " of the " + tensor.sizeBytes() + " of '" + name + "'");
        }
        try {
            return data.slice(tensor.begin() + offset, bytes).order(ByteOrder.LITTLE_ENDIAN);
        } catch (IOException e) {
            throw SafetensorsHeader.bad(source, "'" + name + "' can't be read: " + e.getMessage(), e);
        }
    }

    /**
     * A floating-point tensor as float32; F64 is rounded.
     *
     * @throws MillraceException {@code bad_safetensors} where it has another element type
     */
    public float[] floats(String name) {
        TensorInfo tensor = info(name);
        if (!tensor.dtype().isFloat()) {
            throw SafetensorsHeader.bad(
                    source, "'" + name + "' holds " + tensor.dtype() + ", no floating-point numbers");
        }
        ByteBuffer bytes = data(name);
        float[] values = new float[(int) tensor.elements()];
        switch (tensor.dtype()) {
            case F32 -> bytes.asFloatBuffer().get(values);
            case F16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = HalfFloats.fromF16(bytes.getShort(2 * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = HalfFloats.fromBf16(bytes.getShort(2 * i));
                }
            }
            default -> {
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) bytes.getDouble(8 * i);
                }
            }
        }
        return values;
    }

    /**
     * An integer or boolean tensor as longs.
     *
     * @throws MillraceException {@code bad_safetensors} where it holds floating-point numbers
     */
    public long[] longs(String name) {
        TensorInfo tensor = info(name);
        ByteBuffer bytes = data(name);
        long[] values = new long[Math.toIntExact(tensor.elements())];
        for (int i = 0; i < values.length; i++) {
            values[i] = switch (tensor.dtype()) {
                case BOOL, U8 -> bytes.get(i) & 0xff;
                case I8 -> bytes.get(i);
                case I16 -> bytes.getShort(2 * i);
                case I32 -> bytes.getInt(4 * i);
                case I64 -> bytes.getLong(8 * i);
                default ->
                    throw SafetensorsHeader.bad(source, "'" + name + "' holds " + tensor.dtype() + ", no integers");
            };
        }
        return values;
    }

    @Override
    public void close() {
        try {
            data.close();
        } catch (IOException e) {
            throw SafetensorsHeader.bad(source, "it can't be closed: " + e.getMessage(), e);
        }
    }
}
