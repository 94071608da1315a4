package io.millrace.bench;

import io.millrace.core.BaseDescription;
import io.millrace.engine.DType;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.torch.TorchSource;
import java.util.ArrayList;
import java.util.List;

/**
 * Time of the base's matrix products in one training step, forward and gradients of the inputs, and of the head's: what
 * no implementation of the step on this library can go below.
 */
final class StepProducts {
    private static final int REPEATS = 12;

    private final TorchRuntime torch;
    private final TorchModule module;
    private final DType dtype;

    private StepProducts(TorchRuntime torch, TorchModule module, DType dtype) {
        this.torch = torch;
        this.module = module;
        this.dtype = dtype;
    }

    /**
     * @param tokens rows of the blocks' products
     * @param labelled rows of the head's
     */
    static double milliseconds(TorchRuntime torch, BaseDescription base, DType dtype, int tokens, int labelled) {
        int queries = base.heads() * base.headDim();
        int keys = base.kvHeads() * base.headDim();
        try (TorchModule module = torch.load(TorchSource.resource(StepProducts.class, "products.py"))) {
            StepProducts products = new StepProducts(torch, module, dtype);
            double layer = products.best(tokens, new int[][] {
                {queries + 2 * keys, base.hiddenSize()},
                {base.hiddenSize(), queries},
                {2 * base.intermediateSize(), base.hiddenSize()},
                {base.hiddenSize(), base.intermediateSize()}
            });
            double head = products.best(labelled, new int[][] {{base.vocabSize(), base.hiddenSize()}});
            return base.layers() * layer + head;
        }
    }

    private double best(int rows, int[][] shapes) {
        try (TensorScope scope = new TensorScope()) {
            List<Tensor> inputs = new ArrayList<>();
            List<Tensor> gradients = new ArrayList<>();
            List<Tensor> weights = new ArrayList<>();
            for (int[] shape : shapes) {
                inputs.add(random(scope, rows, shape[1]));
                gradients.add(random(scope, rows, shape[0]));
                weights.add(random(scope, shape[0], shape[1]));
            }
            TensorList xs = scope.own(TensorList.of(inputs));
            TensorList gs = scope.own(TensorList.of(gradients));
            TensorList ws = scope.own(TensorList.of(weights));
            double best = Double.POSITIVE_INFINITY;
            for (int i = 0; i < REPEATS; i++) {
                long start = System.nanoTime();
                List<Tensor> results =
                        module.call("layer").arg(xs).arg(gs).arg(ws).toTensors();
                // A GPU computes on while the call has returned: one element is waited for.
                try (Tensor last = module.call("corner")
                        .arg(results.get(results.size() - 1))
                        .toTensor()) {
                    last.toFloat();
                }
                results.forEach(Tensor::close);
                best = Math.min(best, (System.nanoTime() - start) / 1e6);
            }
            return best;
        }
    }

    private Tensor random(TensorScope scope, int rows, int columns) {
        try (Tensor here = torch.tensor(new float[0], 0)) {
            return scope.own(module.call("random")
                    .arg(new long[] {rows, columns})
                    .arg(dtype.torchCode())
                    .arg(here)
                    .toTensor());
        }
    }
}
