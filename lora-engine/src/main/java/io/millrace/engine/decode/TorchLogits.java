package io.millrace.engine.decode;

import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import java.util.List;

/**
 * Logits on the device.
 *
 * @param tensor [rows, vocab]
 */
record TorchLogits(DecodeKernels kernels, Tensor tensor) implements Logits {
    @Override
    public Best best() {
        try (TensorScope scope = new TensorScope()) {
            List<Tensor> best = scope.own(kernels.call("best").arg(tensor).toTensors());
            return new Best(best.get(0).toFloats(), best.get(1).toLongs());
        }
    }

    @Override
    public void close() {
        tensor.close();
    }
}
