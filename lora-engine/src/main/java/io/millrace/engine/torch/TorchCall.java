package io.millrace.engine.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/**
 * One call of a module's method: arguments in the order of its parameters, then how to read the result. The values
 * that carry arguments and result across the border are freed whatever happens. Use each call once.
 */
public final class TorchCall {
    private final TorchModule module;
    private final String method;
    private final List<Argument> arguments = new ArrayList<>();

    TorchCall(TorchModule module, String method) {
        this.module = module;
        this.method = method;
    }

    public TorchCall arg(Tensor tensor) {
        return add(() -> LibTorch.valueOfTensor(tensor.handle()));
    }

    /** The list isn't copied: what the method changes in it stays changed. */
    public TorchCall arg(TensorList list) {
        arguments.add(new Argument(list::value, false));
        return this;
    }

    public TorchCall arg(long x) {
        return add(() -> LibTorch.valueOfLong(x));
    }

    public TorchCall arg(double x) {
        return add(() -> LibTorch.valueOfDouble(x));
    }

    public TorchCall arg(boolean x) {
        return add(() -> LibTorch.valueOfBoolean(x));
    }

    /** A {@code List[int]}. */
    public TorchCall arg(long[] xs) {
        return add(() -> LibTorch.valueOfLongs(xs));
    }

    public Tensor toTensor() {
        return run(value -> new Tensor(LibTorch.tensorOfValue(value), Optional.empty()));
    }

    public List<Tensor> toTensors() {
        return run(value -> {
            List<Tensor> tensors = new ArrayList<>();
            for (long handle : LibTorch.tensorsOfValue(value)) {
                tensors.add(new Tensor(handle, Optional.empty()));
            }
            return List.copyOf(tensors);
        });
    }

    /** The result as a list to pass on, without taking it apart. */
    public TensorList toTensorList() {
        try (TensorScope scope = new TensorScope()) {
            return TensorList.of(scope.own(toTensors()));
        }
    }

    public long toLong() {
        return run(LibTorch::longOfValue);
    }

    public double toDouble() {
        return run(LibTorch::doubleOfValue);
    }

    /** For methods called for what they do. */
    public void run() {
        run(value -> true);
    }

    private TorchCall add(LongSupplier value) {
        arguments.add(new Argument(value, true));
        return this;
    }

    private <T> T run(LongFunction<T> reader) {
        long[] values = new long[arguments.size()];
        int made = 0;
        try {
            for (; made < values.length; made++) {
                values[made] = arguments.get(made).value().getAsLong();
            }
            long result = module.run(method, values);
            try {
                return reader.apply(result);
            } finally {
                LibTorch.deleteValue(result);
            }
        } finally {
            for (int i = 0; i < made; i++) {
                if (arguments.get(i).owned()) {
                    LibTorch.deleteValue(values[i]);
                }
            }
        }
    }

    private record Argument(LongSupplier value, boolean owned) {}
}
