package io.millrace.engine;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;

/** The type that activations and dequantised weights are computed in. Adapters and optimizer state are float32 always. */
public enum DType {
    F32("f32", 6),
    BF16("bf16", 15);

    private final String label;
    private final int torchCode;

    DType(String label, int torchCode) {
        this.label = label;
        this.torchCode = torchCode;
    }

    public static DType parse(String label) {
        for (DType type : values()) {
            if (type.label.equals(label)) {
                return type;
            }
        }
        throw new MillraceException(ErrorCode.BAD_REQUEST, "'" + label + "' is no dtype; use f32 or bf16");
    }

    public String label() {
        return label;
    }

    /** PyTorch's ScalarType number, as TorchScript source takes it. */
    public int torchCode() {
        return torchCode;
    }

    /** Of one element. */
    public int bytes() {
        return this == F32 ? 4 : 2;
    }
}
