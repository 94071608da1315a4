package io.millrace.engine.train;

import io.millrace.engine.DType;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.List;

/** An adapter's float32 weights on the device as one flat vector, its copy in the compute type, and its gradient. */
final class LoraParameters implements AutoCloseable {
    private final TorchModule maths;
    private final AdapterLayout layout;
    private final TensorScope owned = new TensorScope();
    private final Tensor weights;
    private final Tensor compute;
    private final Tensor gradient;
    private final TensorList adapters;
    private final TensorList gradients;

    LoraParameters(TorchRuntime torch, TorchModule maths, AdapterLayout layout, DType dtype, FlatValues values) {
        this.maths = maths;
        this.layout = layout;
        this.weights = owned.own(flat(torch, layout, values));
        this.compute = dtype == DType.F32 ? weights : owned.own(cast(weights, dtype));
        this.gradient = owned.own(zeros(layout.size()));
        this.adapters = owned.own(views(compute));
        this.gradients = owned.own(views(gradient));
    }

    /** A flat vector on the device. */
    static Tensor flat(TorchRuntime torch, AdapterLayout layout, FlatValues values) {
        return torch.vector(layout.size(), flat -> {
            for (int i = 0; i < flat.limit(); i++) {
                flat.put(i, 0);
            }
            values.writeTo(flat);
        });
    }

    AdapterLayout layout() {
        return layout;
    }

    /** Each block's matrices in the compute type. */
    TensorList adapters() {
        return adapters;
    }

    /** Each block's gradients, alike. */
    TensorList gradients() {
        return gradients;
    }

    Tensor weights() {
        return weights;
    }

    Tensor gradient() {
        return gradient;
    }

    void clearGradient() {
        maths.call("zero").arg(gradient).run();
    }

    /** Brings the copy in the compute type up to date. */
    void refresh() {
        if (compute != weights) {
            maths.call("copy_into").arg(compute).arg(weights).run();
        }
    }

    Tensor zeros(int size) {
        return maths.call("zeros")
                .arg(new long[] {size})
                .arg(DType.F32.torchCode())
                .arg(weights)
                .toTensor();
    }

    private Tensor cast(Tensor x, DType dtype) {
        return maths.call("cast").arg(x).arg(dtype.torchCode()).toTensor();
    }

    private TensorList views(Tensor flat) {
        try (TensorScope scope = new TensorScope()) {
            List<Tensor> all =
                    scope.own(maths.call("views").arg(flat).arg(layout.views()).toTensors());
            List<TensorList> blocks = new ArrayList<>();
            for (int i = 0; i < all.size(); i += layout.viewsPerBlock()) {
                blocks.add(scope.own(TensorList.of(all.subList(i, i + layout.viewsPerBlock()))));
            }
            return TensorList.ofLists(blocks);
        }
    }

    @Override
    public void close() {
        owned.close();
    }
}
