package io.millrace.engine.base;

import io.millrace.core.safetensors.HalfFloats;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes GGUF files as llama.cpp's converter and quantiser lay them out. */
final class GgufWriter {
    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private record Tensor(long[] shape, int type, byte[] data) {}

    GgufWriter put(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    GgufWriter remove(String key) {
        metadata.remove(key);
        return this;
    }

    /** Returns what the stored numbers are once decoded. */
    float[] add(String name, long[] shape, float[] values, GgufType type) {
        Out out = new Out();
        float[] stored = new float[values.length];
        for (int at = 0; at < values.length; at += type.blockElements()) {
            encode(values, at, type, out, stored);
        }
        tensors.put(name, new Tensor(shape, code(type), out.bytes()));
        return stored;
    }

    private static void encode(float[] w, int at, GgufType type, Out out, float[] stored) {
        switch (type) {
            case F32 -> {
                out.f32(w[at]);
                stored[at] = w[at];
            }
            case F16 -> stored[at] = HalfFloats.fromF16(out.f16(w[at]));
            case BF16 -> {
                short bits = HalfFloats.toBf16(w[at]);
                out.i16(bits);
                stored[at] = HalfFloats.fromBf16(bits);
            }
            case Q8_0 -> {
                float scale = HalfFloats.fromF16(out.f16(largest(w, at) / 127));
                for (int i = at; i < at + 32; i++) {
                    int q = scale == 0 ? 0 : Math.round(w[i] / scale);
                    out.i8(q);
                    stored[i] = q * scale;
                }
            }
            case Q4_0 -> nibbles(w, at, HalfFloats.fromF16(out.f16(largest(w, at) / 7)), 8, 0, out, stored);
            case Q4_1 -> {
                float scale = HalfFloats.fromF16(out.f16(2 * largest(w, at) / 15));
                float minimum = HalfFloats.fromF16(out.f16(-largest(w, at)));
                nibbles(w, at, scale, 0, minimum, out, stored);
            }
        }
    }

    private static void nibbles(float[] w, int at, float scale, int zero, float minimum, Out out, float[] stored) {
        int[] q = new int[32];
        for (int i = 0; i < 32; i++) {
            int code = scale == 0 ? zero : Math.round((w[at + i] - minimum) / scale) + zero;
            q[i] = Math.max(0, Math.min(15, code));
            stored[at + i] = (q[i] - zero) * scale + minimum;
        }
        for (int i = 0; i < 16; i++) {
            out.i8(q[i] | q[i + 16] << 4);
        }
    }

    private static float largest(float[] w, int at) {
        float largest = 0;
        for (int i = at; i < at + 32; i++) {
            largest = Math.max(largest, Math.abs(w[i]));
        }
        return largest;
    }

    private static int code(GgufType type) {
        return switch (type) {
            case F32 -> 0;
            case F16 -> 1;
            case Q4_0 -> 2;
            case Q4_1 -> 3;
            case Q8_0 -> 8;
            case BF16 -> 30;
        };
    }

    byte[] toBytes() {
        Out out = new Out();
        out.i32(0x46554747);
        out.i32(3);
        out.i64(tensors.size());
        out.i64(metadata.size());
        metadata.forEach((key, value) -> {
            out.text(key);
            out.i32(typeOf(value));
            out.value(value);
        });
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            Tensor tensor = entry.getValue();
            out.text(entry.getKey());
            out.i32(tensor.shape().length);
            for (int i = tensor.shape().length - 1; i >= 0; i--) {
                out.i64(tensor.shape()[i]);
            }
            out.i32(tensor.type());
            out.i64(offset);
            offset += (tensor.data().length + 31L) / 32 * 32;
        }
        out.pad();
        for (Tensor tensor : tensors.values()) {
            out.raw(tensor.data());
            out.pad();
        }
        return out.bytes();
    }

    private static int typeOf(Object value) {
        if (value instanceof Integer) {
            return 4;
        }
        if (value instanceof Float) {
            return 6;
        }
        if (value instanceof Boolean) {
            return 7;
        }
        return value instanceof List ? 9 : 8;
    }

    /** Little-endian bytes. */
    private static final class Out {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        void value(Object value) {
            if (value instanceof Integer i) {
                i32(i);
            } else if (value instanceof Float f) {
                f32(f);
            } else if (value instanceof Boolean b) {
                i8(b ? 1 : 0);
            } else if (value instanceof List<?> list) {
                i32(typeOf(list.get(0)));
                i64(list.size());
                list.forEach(this::value);
            } else {
                text(value.toString());
            }
        }

        void text(String text) {
            byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
            i64(utf8.length);
            raw(utf8);
        }

        void i8(int value) {
            bytes.write(value);
        }

        void i16(short value) {
            raw(buffer(2).putShort(value).array());
        }

        short f16(float value) {
            short bits = HalfFloats.toF16(value);
            i16(bits);
            return bits;
        }

        void i32(int value) {
            raw(buffer(4).putInt(value).array());
        }

        void f32(float value) {
            raw(buffer(4).putFloat(value).array());
        }

        void i64(long value) {
            raw(buffer(8).putLong(value).array());
        }

        void raw(byte[] data) {
            bytes.writeBytes(data);
        }

        void pad() {
            while (bytes.size() % 32 != 0) {
                bytes.write(0);
            }
        }

        byte[] bytes() {
            return bytes.toByteArray();
        }

        private static ByteBuffer buffer(int size) {
            return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
