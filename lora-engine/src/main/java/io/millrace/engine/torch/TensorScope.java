package io.millrace.engine.torch;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** Closes what it owns, last first, when it is closed itself. */
public final class TensorScope implements AutoCloseable {
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();

    public Tensor own(Tensor tensor) {
        owned.push(tensor);
        return tensor;
    }

    public TensorList own(TensorList list) {
        owned.push(list);
        return list;
    }

    public List<Tensor> own(List<Tensor> tensors) {
        tensors.forEach(owned::push);
        return tensors;
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            AutoCloseable next = owned.pop();
            if (next instanceof Tensor tensor) {
                tensor.close();
            } else if (next instanceof TensorList list) {
                list.close();
            }
        }
    }
}
