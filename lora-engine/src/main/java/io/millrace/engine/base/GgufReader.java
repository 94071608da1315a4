package io.millrace.engine.base;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Reads the head of a GGUF file from front to back, through a small buffer. */
final class GgufReader {
    private static final int BUFFER = 1 << 16;
    private static final long MAX_STRING = 1 << 26; // a chat template or a token; megabytes at most
    private static final long MAX_LIST = 1 << 24; // vocabularies have hundreds of thousands

    private final Path path;
    private final FileChannel channel;
    private final ByteBuffer buffer =
            ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private long bufferEnd;

    GgufReader(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Bytes read so far. */
    long position() {
        return bufferEnd - buffer.remaining();
    }

    int int32() throws IOException {
        return need(4).getInt();
    }

    long int64() throws IOException {
        return need(8).getLong();
    }

    /** A number of things. */
    long count(long max) throws IOException {
        long count = int64();
        if (count < 0 || count > max) {
            throw bad("it claims " + Long.toUnsignedString(count) + " of something at byte " + position());
        }
        return count;
    }

    String string() throws IOException {
        int length = (int) count(MAX_STRING);
        byte[] bytes = new byte[Math.min(length, BUFFER)];
        int at = 0;
        while (at < length) {
            int part = Math.min(length - at, BUFFER);
            need(part);
            if (at + part > bytes.length) { // grows with what is really there
                bytes = Arrays.copyOf(bytes, (int) Math.min(length, 2L * (at + part)));
            }
            buffer.get(bytes, at, part);
            at += part;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    /** A metadata value: a number, a boolean, a text, or a list of them. */
    Object value(int type) throws IOException {
        return switch (type) {
            case 0 -> need(1).get() & 0xff;
            case 1 -> (int) need(1).get();
            case 2 -> need(2).getShort() & 0xffff;
            case 3 -> (int) need(2).getShort();
            case 4 -> int32() & 0xffff_ffffL;
            case 5 -> int32();
            case 6 -> need(4).getFloat();
            case 7 -> need(1).get() != 0;
            case 8 -> string();
            case 9 -> list();
            case 10, 11 -> int64();
            case 12 -> need(8).getDouble();
            default -> throw bad("its metadata holds values of the unknown type " + type);
        };
    }

    private List<Object> list() throws IOException {
        int type = int32();
        if (type == 9) {
            throw bad("its metadata holds lists of lists");
        }
        long count = count(MAX_LIST);
        List<Object> values = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            values.add(value(type));
        }
        return values;
    }

    private ByteBuffer need(int bytes) throws IOException {
        if (buffer.remaining() >= bytes) {
            return buffer;
        }
        buffer.compact();
        while (buffer.position() < bytes) {
            int n = channel.read(buffer, bufferEnd);
            if (n < 0) {
                throw bad("it is truncated: it ends at byte " + bufferEnd);
            }
            bufferEnd += n;
        }
        return buffer.flip();
    }

    MillraceException bad(String what) {
        return new MillraceException(
                ErrorCode.BAD_BASE, path + " is no whole GGUF file: " + what + "; download it again");
    }
}
