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
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Room for blocks' dequantised weights with B beside them, for the adapters of one layout. As many blocks as fit hold
 * theirs from step to step; the others share one room and are dequantised anew whenever they are gone through.
 */
final class JointWeights implements AutoCloseable {
    private final TorchRuntime torch;
    private final TorchModule maths;
    private final BaseDescription base;
    private final FrozenModel frozen;
    private final DType dtype;
    private final long heldBytes;
    private Optional<TensorList> room = Optional.empty();
    private int held;
    private long[] spec = {};
    private int[] columns = {};

    JointWeights(
            TorchRuntime torch,
            TorchModule maths,
            BaseDescription base,
            FrozenModel frozen,
            DType dtype,
            long heldBytes) {
        this.torch = torch;
        this.maths = maths;
        this.base = base;
        this.frozen = frozen;
        this.dtype = dtype;
        this.heldBytes = heldBytes;
    }

    /** The four joint weights of each block. */
    TensorList forLayout(AdapterLayout layout) {
        if (!Arrays.equals(columns, layout.columns()) || !Arrays.equals(spec, layout.spec())) {
            release();
            room = Optional.of(make(layout.columns()));
            columns = layout.columns();
            spec = layout.spec();
        }
        return room.orElseThrow();
    }

    /** How many blocks, from the first, have weights of their own with the base's in them. */
    int held() {
        return held;
    }

    /** Gives the room back; it is made anew when it is asked for. */
    void release() {
        room.ifPresent(TensorList::close);
        room = Optional.empty();
        held = 0;
        spec = new long[0];
        columns = new int[0];
    }

    private TensorList make(int[] extra) {
        int queries = base.heads() * base.headDim();
        int keys = base.kvHeads() * base.headDim();
        int[] rows = {queries + 2 * keys, base.hiddenSize(), 2 * base.intermediateSize(), base.hiddenSize()};
        int[] widths = {base.hiddenSize(), queries, base.hiddenSize(), base.intermediateSize()};
        long bytes = 0;
        for (int group = 0; group < AdapterLayout.GROUPS; group++) {
            widths[group] += extra[group];
            bytes += (long) rows[group] * widths[group] * dtype.bytes();
        }
        held = (int) Math.min(base.layers(), heldBytes / bytes);
        try (TensorScope scope = new TensorScope()) {
            List<TensorList> blocks = new ArrayList<>();
            for (int i = 0; i < held; i++) {
                blocks.add(scope.own(block(rows, widths)));
            }
            blocks.addAll(Collections.nCopies(base.layers() - held, scope.own(block(rows, widths))));
            TensorList made = TensorList.ofLists(blocks);
            maths.call("hold")
                    .arg(frozen.tables(1))
                    .arg(frozen.layers())
                    .arg(frozen.absmaxStarts())
                    .arg(made)
                    .arg(held)
                    .run();
            return made;
        }
    }

    private TensorList block(int[] rows, int[] widths) {
        try (TensorScope scope = new TensorScope();
                Tensor here = torch.tensor(new float[0], 0)) {
            List<Tensor> made = new ArrayList<>();
            for (int group = 0; group < AdapterLayout.GROUPS; group++) {
                made.add(scope.own(maths.call("zeros")
                        .arg(new long[] {rows[group], widths[group]})
                        .arg(dtype.torchCode())
                        .arg(here)
                        .toTensor()));
            }
            return TensorList.of(made);
        }
    }

    @Override
    public void close() {
        release();
    }
}
