package io.millrace.engine.decode;

import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseTensor;
import io.millrace.engine.base.Nf4;
import io.millrace.engine.torch.ElementType;
import io.millrace.engine.torch.Tensor;

/** Brings a base's tensors to the device one at a time, through one buffer. */
final class BaseTensors {
    private final Base base;
    private final DecodeKernels kernels;
    private final Staging staging;

    BaseTensors(Base base, DecodeKernels kernels) {
        this.base = base;
        this.kernels = kernels;
        this.staging = new Staging(kernels);
    }

    /** In the dtype of activations, dequantised. */
    Tensor dense(String name) {
        BaseTensor stored = base.tensor(name);
        if (stored instanceof BaseTensor.Nf4 nf4) {
            return staging.tensor(values -> Nf4.dequantise(nf4, values), nf4.shape());
        }
        try (Tensor plain = plain((BaseTensor.Dense) stored)) {
            return kernels.cast(plain);
        }
    }

    /** In the stored type, on the stored bytes. */
    Tensor mapped(String name) {
        return base.tensor(name) instanceof BaseTensor.Dense dense ? plain(dense) : dense(name);
    }

    private Tensor plain(BaseTensor.Dense stored) {
        return kernels.torch().map(elementType(stored), stored.data(), stored.shape());
    }

    private static ElementType elementType(BaseTensor.Dense dense) {
        return switch (dense.element()) {
            case F32 -> ElementType.F32;
            case F16 -> ElementType.F16;
            case BF16 -> ElementType.BF16;
        };
    }
}
