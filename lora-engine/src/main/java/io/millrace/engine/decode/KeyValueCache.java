package io.millrace.engine.decode;

import io.millrace.core.BaseDescription;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values of the rows in the batch, [rows, kvHeads, capacity, headDim] for each block. It grows with need and is
 * dropped when no row is left. Never holds a NaN outside a running row: masked places are multiplied by zero, not left
 * out.
 */
final class KeyValueCache implements AutoCloseable {
    /** Capacity comes in steps, as growing copies. */
    static final int STEP = 128;

    private final DecodeKernels kernels;
    private final BaseDescription base;
    private List<Tensor> keys = List.of();
    private List<Tensor> values = List.of();
    private TensorList keyList = TensorList.of();
    private TensorList valueList = TensorList.of();
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

    TensorList keys() {
        return keyList;
    }

    TensorList values() {
        return valueList;
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
        keys = resized(keys, newRows, newCapacity);
        values = resized(values, newRows, newCapacity);
        rows = newRows;
        capacity = newCapacity;
        keyList.close();
        valueList.close();
        keyList = TensorList.of(keys);
        valueList = TensorList.of(values);
    }

    void move(int from, int to, int length) {
        kernels.call("move_row").arg(keyList).arg(from).arg(to).arg(length).run();
        kernels.call("move_row").arg(valueList).arg(from).arg(to).arg(length).run();
    }

    /** Overwrites a row that may hold NaN. */
    void clear(int row) {
        kernels.call("clear_row").arg(keyList).arg(row).run();
        kernels.call("clear_row").arg(valueList).arg(row).run();
    }

    /** Frees everything; {@link #ensure} makes it anew. */
    void drop() {
        keys.forEach(Tensor::close);
        values.forEach(Tensor::close);
        keyList.close();
        valueList.close();
        keys = List.of();
        values = List.of();
        keyList = TensorList.of();
        valueList = TensorList.of();
        rows = 0;
        capacity = 0;
    }

    @Override
    public void close() {
        drop();
        keyList.close();
        valueList.close();
    }

    private List<Tensor> resized(List<Tensor> old, int newRows, int newCapacity) {
        List<Tensor> grown = new ArrayList<>();
        try (TensorScope scope = new TensorScope()) {
            Tensor zero = scope.own(kernels.tensor(new float[] {0}, 1));
            for (int l = 0; l < base.layers(); l++) {
                // [0, KV, 0, D] where there was none
                Tensor before = old.isEmpty()
                        ? scope.own(kernels.call("zeros_like")
                                .arg(zero)
                                .arg(new long[] {0, base.kvHeads(), 0, base.headDim()})
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
