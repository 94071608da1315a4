package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.engine.DType;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Room for one block's dequantised weights with B beside them; every block and every adapter of a layout use the same. */
final class JointWeights implements AutoCloseable {
    private final TorchRuntime torch;
    private final TorchModule maths;
    private final BaseDescription base;
    private final DType dtype;
    private TensorList room;
    private long[] spec = {};
    private int[] columns = {};

    JointWeights(TorchRuntime torch, TorchModule maths, BaseDescription base, DType dtype) {
        this.torch = torch;
        this.maths = maths;
        this.base = base;
        this.dtype = dtype;
        this.room = TensorList.of(List.of());
    }

    TensorList forLayout(AdapterLayout layout) {
        if (!Arrays.equals(columns, layout.columns()) || !Arrays.equals(spec, layout.spec())) {
            room.close();
            room = make(layout.columns());
            columns = layout.columns();
            spec = layout.spec();
        }
        return room;
    }

    private TensorList make(int[] extra) {
        int queries = base.heads() * base.headDim();
        int keys = base.kvHeads() * base.headDim();
        int[] rows = {queries + 2 * keys, base.hiddenSize(), 2 * base.intermediateSize(), base.hiddenSize()};
        int[] widths = {base.hiddenSize(), queries, base.hiddenSize(), base.intermediateSize()};
        try (TensorScope scope = new TensorScope();
                Tensor here = torch.tensor(new float[0], 0)) {
            List<Tensor> made = new ArrayList<>();
            for (int group = 0; group < AdapterLayout.GROUPS; group++) {
                made.add(scope.own(maths.call("zeros")
                        .arg(new long[] {rows[group], widths[group] + extra[group]})
                        .arg(dtype.torchCode())
                        .arg(here)
                        .toTensor()));
            }
            return TensorList.of(made);
        }
    }

    @Override
    public void close() {
        room.close();
    }
}
