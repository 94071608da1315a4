package io.millrace.engine.torch;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A {@code List[Tensor]}, or a {@code List[List[Tensor]]}, made once and passed to many calls. The tensors may be closed
 * after the list was made. Lists that TorchScript changes keep the change.
 */
public final class TensorList implements AutoCloseable {
    private final long value;
    private final List<ByteBuffer> memory;
    private boolean closed;

    private TensorList(long value, List<ByteBuffer> memory) {
        this.value = value;
        this.memory = List.copyOf(memory);
    }

    public static TensorList of(List<Tensor> tensors) {
        long[] handles = tensors.stream().mapToLong(Tensor::handle).toArray();
        List<ByteBuffer> memory =
                tensors.stream().flatMap(t -> t.memory().stream()).toList();
        return new TensorList(LibTorch.valueOfTensors(handles), memory);
    }

    public static TensorList of(Tensor... tensors) {
        return of(List.of(tensors));
    }

    /** A list of lists, as {@code List[List[Tensor]]} parameters take it. */
    public static TensorList ofLists(List<TensorList> lists) {
        long[] values = lists.stream().mapToLong(TensorList::value).toArray();
        List<ByteBuffer> memory = new ArrayList<>();
        lists.forEach(list -> memory.addAll(list.memory));
        return new TensorList(LibTorch.valueOfValues(values), memory);
    }

    long value() {
        if (closed) {
            throw new IllegalStateException("this list of tensors is closed");
        }
        return value;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            LibTorch.deleteValue(value);
        }
    }
}
