package io.millrace.engine.decode;

import io.millrace.core.BaseDescription;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.vector.KeyValueMemory;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Keys and values of the rows in the batch, [2, rows, kvHeads, capacity, headDim] for each block. It grows with need and is
 * dropped when no row is left. Never holds a NaN outside a running row: masked places are multiplied by zero, not left
 * out.
 */
final class KeyValueCache implements AutoCloseable {
    /** Capacity comes in steps, as growing copies. */
    static final int STEP = 128;

    private final DecodeKernels kernels;
    private final BaseDescription base;
    private List<Tensor> blocks = List.of();
    private TensorList blockList = TensorList.of();
    private Optional<KeyValueMemory> memory = Optional.empty();
    private int rows;
    private int capacity;

    KeyValueCache(DecodeKernels kernels, BaseDescription base) {
        this.kernels = kernels;
        this.base = base;
    }

    /** Tokens that a cache takes whose longest row has this length. */
    static int roundUp(int length) {
        return (length + STEP - 1) / STEP * STEP;
    }

    int capacity() {
        return capacity;
    }

    TensorList blocks() {
        return blockList;
    }

    /** The same blocks, where they are on the CPU in bfloat16; valid until room is made or given back. */
    KeyValueMemory memory() {
        if (memory.isEmpty()) {
            List<IntBuffer> buffers =
                    blocks.stream().map(block -> block.onCpu().asIntBuffer()).toList();
            memory = Optional.of(new KeyValueMemory(buffers, rows, capacity));
        }
        return memory.orElseThrow();
    }

    /**
     * How many places of each row attention looks at where the longest row has this length: whole steps, for oneDNN makes a
     * kernel for each length that it meets; and all of them unless few are used, for libtorch copies a part of the cache
     * before it multiplies with it, which takes longer than to multiply with four times as much.
     */
    int lookedAt(int length) {
        int used = roundUp(length);
        return 4 * used > capacity ? capacity : used;
    }

    /**
     * Where the first rows' next keys and values go.
     *
     * @param positions of each row's new token
     * @return [rows, 2, kvHeads] indexes into a block seen as [2 rows kvHeads capacity, headDim]
     */
    long[] places(long[] positions) {
        int heads = base.kvHeads();
        long[] places = new long[positions.length * 2 * heads];
        for (int i = 0; i < places.length; i++) {
            int row = i / (2 * heads);
            int half = i / heads % 2;
            long head = ((long) half * rows + row) * heads + i % heads;
            places[i] = head * capacity + positions[row];
        }
        return places;
    }

    /** Makes room for this many rows of this length. */
    void ensure(int wantedRows, int length) {
        if (wantedRows <= rows && length <= capacity) {
            return;
        }
        resize(Math.max(rows, wantedRows), Math.max(capacity, roundUp(length)));
    }

    /** Gives memory back where rows can't become half as long as there is room for. */
    void shrinkTo(int length) {
        if (capacity >= 2 * roundUp(length)) {
            resize(rows, roundUp(length));
        }
    }

    private void resize(int newRows, int newCapacity) {
        memory = Optional.empty();
        blocks = resized(blocks, newRows, newCapacity);
        rows = newRows;
        capacity = newCapacity;
        blockList.close();
        blockList = TensorList.of(blocks);
    }

    void move(int from, int to, int length) {
        kernels.call("move_row").arg(blockList).arg(from).arg(to).arg(length).run();
    }

    /** Overwrites a row that may hold NaN. */
    void clear(int row) {
        kernels.call("clear_row").arg(blockList).arg(row).run();
    }

    /** Frees everything; {@link #ensure} makes it anew. */
    void drop() {
        memory = Optional.empty();
        blocks.forEach(Tensor::close);
        blockList.close();
        blocks = List.of();
        blockList = TensorList.of();
        rows = 0;
        capacity = 0;
    }

    @Override
    public void close() {
        drop();
        blockList.close();
    }

    private List<Tensor> resized(List<Tensor> old, int newRows, int newCapacity) {
        List<Tensor> grown = new ArrayList<>();
        try (TensorScope scope = new TensorScope()) {
            Tensor zero = scope.own(kernels.tensor(new float[] {0}, 1));
            for (int l = 0; l < base.layers(); l++) {
                // [2, 0, KV, 0, D] where there was none
                Tensor before = old.isEmpty()
                        ? scope.own(kernels.call("zeros_like")
                                .arg(zero)
                                .arg(new long[] {2, 0, base.kvHeads(), 0, base.headDim()})
                                .toTensor())
                        : scope.own(old.get(l));
                grown.add(kernels.call("resize")
                        .arg(before)
                        .arg(newRows)
                        .arg(newCapacity)
                        .toTensor());
                before.close();
            }
        }
        return List.copyOf(grown);
    }
}
