package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.torch.TorchRuntime;

/** Brings bases to a device for training. */
public final class TrainingModels {
    private TrainingModels() {}

    /** As {@link #load(TorchRuntime, Base, DType, BackwardMode)} with kept activations. */
    public static LlamaTrainingModel load(TorchRuntime torch, Base base, DType dtype) {
        return load(torch, base, dtype, BackwardMode.KEEP_ACTIVATIONS);
    }

    /**
     * @param base must stay open while the model is in use: its quantised tensors aren't copied on the CPU
     * @throws MillraceException {@code unsupported_base} where the base isn't a Llama or is shaped as none can be
     */
    public static LlamaTrainingModel load(TorchRuntime torch, Base base, DType dtype, BackwardMode mode) {
        BaseDescription description = base.description();
        if (!description.architecture().equals("llama")) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE,
                    "bases of the family " + description.architecture() + " can't be trained; use a llama");
        }
        if (description.heads() % description.kvHeads() != 0 || description.headDim() % 2 != 0) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE,
                    description.heads() + " heads of width " + description.headDim() + " don't divide over "
                            + description.kvHeads() + " key/value heads");
        }
        return new LlamaTrainingModel(torch, base, dtype, mode);
    }
}
