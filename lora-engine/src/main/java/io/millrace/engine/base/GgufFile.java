package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A GGUF file, opened for reading: metadata and where its tensors stand.
 *
 * @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">the format's description</a>
 */
final class GgufFile implements AutoCloseable {
    private static final int MAGIC = 0x46554747; // "GGUF"
    private static final long DEFAULT_ALIGNMENT = 32;
    private static final long MAX_COUNT = 1 << 20; // tensors or metadata entries; real files have thousands

    private final Path path;
    private final FileChannel channel;
    private final Map<String, Object> metadata;
    private final Map<String, Tensor> tensors;
    private final long dataStart;

    /**
     * One tensor.
     *
     * @param shape rows first
     * @param offset from the start of the data
     */
    record Tensor(long[] shape, GgufType type, long offset) {}

    private GgufFile(
            Path path, FileChannel channel, Map<String, Object> metadata, Map<String, Tensor> tensors, long dataStart) {
        this.path = path;
        this.channel = channel;
        this.metadata = metadata;
        this.tensors = tensors;
        this.dataStart = dataStart;
    }

    /**
     * @throws MillraceException {@code bad_base} where the file is damaged, {@code unsupported_base} where it holds a type
     *     that isn't known here
     */
    static GgufFile open(Path path) {
        try {
            FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
            try {
                return open(path, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, path + " can't be read: " + e.getMessage(), e);
        }
    }

    private static GgufFile open(Path path, FileChannel channel) throws IOException {
        GgufReader in = new GgufReader(path, channel);
        if (in.int32() != MAGIC) {
            throw in.bad("it doesn't begin with GGUF");
        }
        int version = in.int32();
        if (version != 2 && version != 3) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE, path + " is GGUF version " + version + "; versions 2 and 3 are read");
        }
        long tensorCount = in.count(MAX_COUNT);
        long metadataCount = in.count(MAX_COUNT);
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (long i = 0; i < metadataCount; i++) {
            metadata.put(in.string(), in.value(in.int32()));
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (long i = 0; i < tensorCount; i++) {
            tensors.put(in.string(), tensor(in));
        }
        long alignment = metadata.get("general.alignment") instanceof Number n ? n.longValue() : DEFAULT_ALIGNMENT;
        if (alignment <= 0) {
            throw in.bad("its alignment is " + alignment);
        }
        long dataStart = (in.position() + alignment - 1) / alignment * alignment;
        GgufFile file = new GgufFile(path, channel, metadata, tensors, dataStart);
        file.checkComplete(in);
        return file;
    }

    private static Tensor tensor(GgufReader in) throws IOException {
        int dimensions = in.int32();
        if (dimensions < 1 || dimensions > 4) {
            throw in.bad("a tensor has " + dimensions + " dimensions");
        }
        long[] shape = new long[dimensions];
        for (int i = dimensions - 1; i >= 0; i--) { // the file has columns first
            shape[i] = in.count(Integer.MAX_VALUE);
        }
        return new Tensor(shape, GgufType.of(in.int32()), in.count(Long.MAX_VALUE));
    }

    private void checkComplete(GgufReader in) throws IOException {
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            long columns = tensor.shape()[tensor.shape().length - 1];
            if (columns % tensor.type().blockElements() != 0) {
                throw in.bad("'" + entry.getKey() + "' has rows of " + columns + " elements, no whole blocks");
            }
            long end = dataStart + tensor.offset() + tensor.type().bytes(elements(tensor));
            if (end > channel.size() || end < 0) {
                throw in.bad("it is truncated: '" + entry.getKey() + "' would end at byte " + end);
            }
        }
    }

    static long elements(Tensor tensor) {
        long elements = 1;
        for (long side : tensor.shape()) {
            elements = Math.multiplyExact(elements, side);
        }
        return elements;
    }

    Optional<Tensor> tensor(String name) {
        return Optional.ofNullable(tensors.get(name));
    }

    /** Bytes of a tensor's data. */
    ByteBuffer read(Tensor tensor, long from, int bytes) {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        try {
            while (buffer.hasRemaining()) {
                long at = dataStart + tensor.offset() + from + buffer.position();
                if (channel.read(buffer, at) < 0) {
                    throw new MillraceException(ErrorCode.BAD_BASE, path + " is truncated; download it again");
                }
            }
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, path + " can't be read: " + e.getMessage(), e);
        }
        return buffer.flip();
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(metadata.get(key)).map(Object::toString);
    }

    Optional<Number> number(String key) {
        return metadata.get(key) instanceof Number n ? Optional.of(n) : Optional.empty();
    }

    /** @throws MillraceException {@code bad_base} where it is missing */
    Number required(String key) {
        return number(key)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.BAD_BASE, path + " has no '" + key + "' in its metadata; download it again"));
    }

    boolean flag(String key, boolean otherwise) {
        return metadata.get(key) instanceof Boolean b ? b : otherwise;
    }

    /** Empty where there is none. */
    List<?> list(String key) {
        return metadata.get(key) instanceof List<?> list ? list : List.of();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.BAD_BASE, path + " can't be closed: " + e.getMessage(), e);
        }
    }
}
