package io.millrace.engine.torch;

/** Element types of tensors that are made from Java memory. */
public enum ElementType {
    F32(6, 4, 0),
    I64(4, 8, 6),
    U8(0, 1, 3),
    F16(5, 2, 2),
    /** Made as bytes and reinterpreted: DJL's native code aborts on it. */
    BF16(15, 2, 3);

    private final int torchCode;
    private final int bytes;
    /** DJL's number of the type that the native code makes. */
    private final int djlCode;

    ElementType(int torchCode, int bytes, int djlCode) {
        this.torchCode = torchCode;
        this.bytes = bytes;
        this.djlCode = djlCode;
    }

    /** PyTorch's ScalarType number, as TorchScript source takes it. */
    public int torchCode() {
        return torchCode;
    }

    public int bytes() {
        return bytes;
    }

    int djlCode() {
        return djlCode;
    }

    boolean reinterpreted() {
        return this == BF16;
    }
}
