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
 * Room for blocks' dequantised weights with B beside them. For the layout that is trained as many blocks as fit hold theirs
 * from step to step; the others share one room and are dequantised anew whenever they are gone through, as all blocks are
 * for a layout that is only looked at.
 */
final class JointWeights implements AutoCloseable {
    private final TorchRuntime torch;
    private final TorchModule maths;
    private final BaseDescription base;
    private final FrozenModel frozen;
    private final DType dtype;
    private final long heldBytes;
    private Optional<Room> trained = Optional.empty();
    private Optional<Room> lookedAt = Optional.empty();

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

    /**
     * For adapters of one layout.
     *
     * @param weights the four joint weights of each block
     * @param held how many blocks, from the first, have weights of their own with the base's in them
     */
    record Room(int[] columns, long[] spec, TensorList weights, int held) implements AutoCloseable {
        private boolean isFor(AdapterLayout layout) {
            return Arrays.equals(columns, layout.columns()) && Arrays.equals(spec, layout.spec());
        }

        @Override
        public void close() {
            weights.close();
        }
    }

    Room toTrain(AdapterLayout layout) {
        if (trained.filter(room -> room.isFor(layout)).isEmpty()) {
            release();
            trained = Optional.of(make(layout, heldBytes));
        }
        return trained.orElseThrow();
    }

    Room toLook(AdapterLayout layout) {
        Optional<Room> there = trained.filter(room -> room.isFor(layout));
        if (there.isPresent()) {
            return there.get();
        }
        if (lookedAt.filter(room -> room.isFor(layout)).isEmpty()) {
            lookedAt.ifPresent(Room::close);
            lookedAt = Optional.empty();
            lookedAt = Optional.of(make(layout, 0));
        }
        return lookedAt.orElseThrow();
    }

    /** Gives back what is held for training. */
    void release() {
        trained.ifPresent(Room::close);
        trained = Optional.empty();
    }

    private Room make(AdapterLayout layout, long atMost) {
        int[] extra = layout.columns();
        int queries = base.heads() * base.headDim();
        int keys = base.kvHeads() * base.headDim();
        int[] rows = {queries + 2 * keys, base.hiddenSize(), 2 * base.intermediateSize(), base.hiddenSize()};
        int[] widths = {base.hiddenSize(), queries, base.hiddenSize(), base.intermediateSize()};
        long bytes = 0;
        for (int group = 0; group < AdapterLayout.GROUPS; group++) {
            widths[group] += extra[group];
            bytes += (long) rows[group] * widths[group] * dtype.bytes();
        }
        int held = (int) Math.min(base.layers(), atMost / bytes);
        try (TensorScope scope = new TensorScope()) {
            List<TensorList> blocks = new ArrayList<>();
            for (int i = 0; i < held; i++) {
                blocks.add(scope.own(block(rows, widths)));
            }
            if (held < base.layers()) {
                blocks.addAll(Collections.nCopies(base.layers() - held, scope.own(block(rows, widths))));
            }
            TensorList weights = TensorList.ofLists(blocks);
            maths.call("hold")
                    .arg(frozen.tables(1))
                    .arg(frozen.layers())
                    .arg(frozen.absmaxStarts())
                    .arg(weights)
                    .arg(held)
                    .run();
            return new Room(extra, layout.spec(), weights, held);
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
        lookedAt.ifPresent(Room::close);
    }
}
