package io.millrace.engine.decode;

import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.vector.DecodeStep;
import java.nio.FloatBuffer;
import java.util.Optional;

/** Logits in the JVM's memory, until the next step. They are copied to the device only where a request wants more than the largest. */
final class VectorLogits implements Logits {
    private final TorchRuntime torch;
    private final DecodeStep.Logits logits;
    private Optional<Tensor> copy = Optional.empty();

    VectorLogits(TorchRuntime torch, DecodeStep.Logits logits) {
        this.torch = torch;
        this.logits = logits;
    }

    @Override
    public Best best() {
        return new Best(logits.largest(), logits.ids());
    }

    @Override
    public Tensor tensor() {
        if (copy.isEmpty()) {
            copy = Optional.of(torch.matrix(logits.rows(), logits.vocabulary(), this::put));
        }
        return copy.orElseThrow();
    }

    private void put(FloatBuffer values) {
        for (int r = 0; r < logits.rows(); r++) {
            values.put(logits.values(), r * logits.stride(), logits.vocabulary());
        }
    }

    @Override
    public void close() {
        copy.ifPresent(Tensor::close);
    }
}
