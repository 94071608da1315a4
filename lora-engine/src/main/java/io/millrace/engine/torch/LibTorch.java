package io.millrace.engine.torch;

import ai.djl.engine.EngineException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.InputStream;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/**
 * The native methods of DJL's PyTorch engine that this package calls, by raw handles. DJL keeps them package-private
 * and its public wrappers run every method in inference mode, so they are reached through method handles (the class
 * may live in another class loader than ours, which rules out a class of ours in its package). Each handle that a
 * method here returns must go to one of the {@code delete} methods; {@link #liveHandles} counts those that haven't yet.
 */
final class LibTorch {
    private static final Object LIB;
    private static final MethodHandle RUN_METHOD;
    private static final MethodHandle LOAD_MODULE;
    private static final MethodHandle DELETE_MODULE;
    private static final MethodHandle FROM_TENSOR;
    private static final MethodHandle FROM_TENSOR_LIST;
    private static final MethodHandle FROM_LIST;
    private static final MethodHandle FROM_LONG;
    private static final MethodHandle FROM_DOUBLE;
    private static final MethodHandle FROM_BOOL;
    private static final MethodHandle FROM_LONG_LIST;
    private static final MethodHandle TO_TENSOR;
    private static final MethodHandle TO_TENSOR_LIST;
    private static final MethodHandle TO_LONG;
    private static final MethodHandle TO_DOUBLE;
    private static final MethodHandle DELETE_VALUE;
    private static final MethodHandle DELETE_TENSOR;
    private static final MethodHandle FROM_BLOB;
    private static final MethodHandle EMPTY;
    private static final MethodHandle CLONE;
    private static final MethodHandle TO;
    private static final MethodHandle TO_CONTIGUOUS;
    private static final MethodHandle DIRECT_BUFFER;
    private static final MethodHandle SIZES;
    private static final MethodHandle IS_GRAD_MODE;
    private static final MethodHandle SET_GRAD_MODE;
    private static final MethodHandle SET_THREADS;
    private static final MethodHandle SET_OPTIMIZE;
    private static final AtomicLong LIVE = new AtomicLong();

    private static final int STRIDED = 0;

    static {
        try {
            Class<?> type = Class.forName("ai.djl.pytorch.jni.PyTorchLibrary");
            Field field = type.getDeclaredField("LIB");
            field.setAccessible(true);
            LIB = field.get(null);
            RUN_METHOD = method(
                    type, "moduleRunMethod", long.class, String.class, long[].class, boolean.class, boolean.class);
            LOAD_MODULE =
                    method(type, "moduleLoad", InputStream.class, int[].class, boolean.class, byte[].class, long.class);
            DELETE_MODULE = method(type, "torchDeleteModule", long.class);
            FROM_TENSOR = method(type, "iValueFromTensor", long.class);
            FROM_TENSOR_LIST = method(type, "iValueFromTensorList", long[].class);
            FROM_LIST = method(type, "iValueFromList", long[].class);
            FROM_LONG = method(type, "iValueFromLong", long.class);
            FROM_DOUBLE = method(type, "iValueFromDouble", double.class);
            FROM_BOOL = method(type, "iValueFromBool", boolean.class);
            FROM_LONG_LIST = method(type, "iValueFromLongList", long[].class);
            TO_TENSOR = method(type, "iValueToTensor", long.class);
            TO_TENSOR_LIST = method(type, "iValueToTensorList", long.class);
            TO_LONG = method(type, "iValueToLong", long.class);
            TO_DOUBLE = method(type, "iValueToDouble", long.class);
            DELETE_VALUE = method(type, "torchDeleteIValue", long.class);
            DELETE_TENSOR = method(type, "torchDeleteTensor", long.class);
            FROM_BLOB = method(
                    type,
                    "torchFromBlob",
                    ByteBuffer.class,
                    long[].class,
                    int.class,
                    int.class,
                    int[].class,
                    boolean.class);
            EMPTY = method(type, "torchEmpty", long[].class, int.class, int.class, int[].class, boolean.class);
            CLONE = method(type, "tensorClone", long.class);
            TO = method(type, "torchTo", long.class, int.class, int[].class);
            TO_CONTIGUOUS = method(type, "torchToContiguous", long.class);
            DIRECT_BUFFER = method(type, "torchDirectByteBuffer", long.class);
            SIZES = method(type, "torchSizes", long.class);
            IS_GRAD_MODE = method(type, "torchIsGradMode");
            SET_GRAD_MODE = method(type, "torchSetGradMode", boolean.class);
            SET_THREADS = method(type, "torchSetNumThreads", int.class);
            SET_OPTIMIZE = method(type, "setGraphExecutorOptimize", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private LibTorch() {}

    private static MethodHandle method(Class<?> type, String name, Class<?>... parameters)
            throws ReflectiveOperationException {
        Method method = type.getDeclaredMethod(name, parameters);
        method.setAccessible(true);
        return MethodHandles.lookup().unreflect(method).bindTo(LIB);
    }

    /** Handles of tensors and values that were given out and not yet deleted. */
    static long liveHandles() {
        return LIVE.get();
    }

    /**
     * Runs a module's method.
     *
     * @param recording outside inference mode: autograd can be used, and every operator takes a detour past it
     */
    static long runMethod(long module, String method, long[] values, boolean recording) {
        return given(() -> (long) RUN_METHOD.invokeExact(module, method, values, recording, false));
    }

    static long loadModule(InputStream archive, long length, int[] device) {
        return attempt(() -> (long) LOAD_MODULE.invokeExact(archive, device, false, new byte[8192], length));
    }

    static void deleteModule(long module) {
        attempt(() -> {
            DELETE_MODULE.invokeExact(module);
            return 0L;
        });
    }

    static long valueOfTensor(long tensor) {
        return given(() -> (long) FROM_TENSOR.invokeExact(tensor));
    }

    static long valueOfTensors(long[] tensors) {
        return given(() -> (long) FROM_TENSOR_LIST.invokeExact(tensors));
    }

    static long valueOfValues(long[] values) {
        return given(() -> (long) FROM_LIST.invokeExact(values));
    }

    static long valueOfLong(long x) {
        return given(() -> (long) FROM_LONG.invokeExact(x));
    }

    static long valueOfDouble(double x) {
        return given(() -> (long) FROM_DOUBLE.invokeExact(x));
    }

    static long valueOfBoolean(boolean x) {
        return given(() -> (long) FROM_BOOL.invokeExact(x));
    }

    static long valueOfLongs(long[] xs) {
        return given(() -> (long) FROM_LONG_LIST.invokeExact(xs));
    }

    static long tensorOfValue(long value) {
        return given(() -> (long) TO_TENSOR.invokeExact(value));
    }

    static long[] tensorsOfValue(long value) {
        long[] tensors = attempt(() -> (long[]) TO_TENSOR_LIST.invokeExact(value));
        LIVE.addAndGet(tensors.length);
        return tensors;
    }

    static long longOfValue(long value) {
        return attempt(() -> (long) TO_LONG.invokeExact(value));
    }

    static double doubleOfValue(long value) {
        return attempt(() -> (double) TO_DOUBLE.invokeExact(value));
    }

    static void deleteValue(long value) {
        attempt(() -> {
            DELETE_VALUE.invokeExact(value);
            return LIVE.decrementAndGet();
        });
    }

    static void deleteTensor(long tensor) {
        attempt(() -> {
            DELETE_TENSOR.invokeExact(tensor);
            return LIVE.decrementAndGet();
        });
    }

    /** A tensor on the CPU over the buffer's own memory; the caller keeps the buffer reachable while it is used. */
    static long fromBlob(ByteBuffer direct, long[] shape, int dataType) {
        return given(() -> (long) FROM_BLOB.invokeExact(direct, shape, dataType, STRIDED, TorchDevice.CPU_JNI, false));
    }

    static long empty(long[] shape, int dataType, int[] device) {
        return given(() -> (long) EMPTY.invokeExact(shape, dataType, STRIDED, device, false));
    }

    static long copyOf(long tensor) {
        return given(() -> (long) CLONE.invokeExact(tensor));
    }

    static long to(long tensor, int dataType, int[] device) {
        return given(() -> (long) TO.invokeExact(tensor, dataType, device));
    }

    static long contiguous(long tensor) {
        return given(() -> (long) TO_CONTIGUOUS.invokeExact(tensor));
    }

    /** The memory of a contiguous CPU tensor, valid while the tensor lives. */
    static ByteBuffer memory(long tensor) {
        return attempt(() -> (ByteBuffer) DIRECT_BUFFER.invokeExact(tensor));
    }

    static long[] sizes(long tensor) {
        return attempt(() -> (long[]) SIZES.invokeExact(tensor));
    }

    static boolean gradMode() {
        return attempt(() -> (boolean) IS_GRAD_MODE.invokeExact());
    }

    static void setGradMode(boolean on) {
        attempt(() -> {
            SET_GRAD_MODE.invokeExact(on);
            return on;
        });
    }

    /** Threads that operators called from this Java thread use. */
    static void setThreads(int threads) {
        attempt(() -> {
            SET_THREADS.invokeExact(threads);
            return threads;
        });
    }

    /** Whether methods called from this Java thread run through the profiling executor. */
    static void setOptimize(boolean on) {
        attempt(() -> {
            SET_OPTIMIZE.invokeExact(on);
            return on;
        });
    }

    private static long given(Native<Long> call) {
        long handle = attempt(call);
        LIVE.incrementAndGet();
        return handle;
    }

    private static <T> T attempt(Native<T> call) {
        try {
            return call.run();
        } catch (EngineException e) {
            throw new MillraceException(ErrorCode.INTERNAL, "libtorch: " + brief(e), e);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new MillraceException(ErrorCode.INTERNAL, "libtorch: " + e.getMessage(), e);
        }
    }

    /** TorchScript's messages are pages; on one line: what went wrong and, where there is one, the source line. */
    private static String brief(EngineException e) {
        List<String> lines = String.valueOf(e.getMessage())
                .lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .toList();
        String what = lines.stream()
                .filter(line -> line.startsWith("RuntimeError:") || line.startsWith("Exception:"))
                .findFirst()
                .orElse(lines.isEmpty() ? "unknown error" : lines.get(0));
        int mark = IntStream.range(1, lines.size())
                .filter(i -> lines.get(i).contains("<--- HERE"))
                .reduce(0, (first, last) -> last);
        return mark == 0 ? what : what + " at: " + lines.get(mark - 1);
    }

    @FunctionalInterface
    private interface Native<T> {
        T run() throws Throwable;
    }
}
