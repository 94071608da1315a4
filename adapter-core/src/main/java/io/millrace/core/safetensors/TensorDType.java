package io.millrace.core.safetensors;

/**
 * Element types that are read and written, in the order of safetensors' own enumeration: a file lays its tensors out in
 * descending order of it, so that each stands at a multiple of its element's size.
 */
public enum TensorDType {
    BOOL(1),
    U8(1),
    I8(1),
    I16(2),
    F16(2),
    BF16(2),
    I32(4),
    F32(4),
    F64(8),
    I64(8);

    private final int bytes;

    TensorDType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether {@link SafetensorsFile#floats} reads it. */
    public boolean isFloat() {
        return this == F16 || this == BF16 || this == F32 || this == F64;
    }
}
