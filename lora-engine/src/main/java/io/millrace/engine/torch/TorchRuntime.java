package io.millrace.engine.torch;

import ai.djl.engine.Engine;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.ByteArrayInputStream;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * libtorch on one device with a number of threads: loads modules and makes tensors. One process may hold several. Safe for
 * use by many threads.
 */
public final class TorchRuntime {
    private final TorchDevice device;
    private final int threads;
    private final String version;
    private final TorchModule memory;

    private TorchRuntime(TorchDevice device, int threads, String version) {
        this.device = device;
        this.threads = threads;
        this.version = version;
        this.memory = load(TorchSource.resource(TorchRuntime.class, "memory.py"));
    }

    /**
     * Starts DJL's PyTorch engine, which unpacks libtorch on its very first start.
     *
     * @param device {@code auto}, {@code cpu} or {@code cuda:N}
     * @param threads threads inside an operator on the CPU, where a {@link ComputeThread} runs it; 0: one for each processor
     * @throws MillraceException {@code bad_setting} where the device doesn't exist or libtorch can't be loaded
     */
    public static TorchRuntime start(String device, int threads) {
        if (threads < 0) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "threads must be at least 0, not " + threads);
        }
        Engine engine;
        try {
            engine = Engine.getEngine("PyTorch");
        } catch (RuntimeException | LinkageError e) {
            String found = String.valueOf(rootOf(e).getMessage());
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "libtorch can't be loaded (" + found + "); " + remedy(found), e);
        }
        int count = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        return new TorchRuntime(
                TorchDevice.parse(device, () -> engine.hasCapability("CUDA") ? CudaRuntime.deviceCount() : 0),
                count,
                engine.getVersion());
    }

    private static String remedy(String found) {
        return found.contains("libcuda.so")
                ? "its CUDA libraries need NVIDIA's driver: start the container with the GPU (--gpus all, with the NVIDIA"
                        + " container toolkit), or take the image without CUDA"
                : "Linux and Windows on x86-64, Linux and macOS on arm64 are supported";
    }

    /** DJL's own message says only that there was something; the loader's says which library is missing. */
    private static Throwable rootOf(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    public TorchDevice device() {
        return device;
    }

    public int threads() {
        return threads;
    }

    /** What results depend on beside the program and its data, as {@code libtorch-2.7.1/cpu/avx512_bf16}. */
    public String fingerprint() {
        String processor =
                device.isCuda() ? "cuda/" + CudaRuntime.generation(device.cuda()) : "cpu/" + InstructionSet.detect();
        return "libtorch-" + version + "/" + processor;
    }

    /** Native objects that haven't been freed yet, over all runtimes of the process. */
    public static long liveHandles() {
        return LibTorch.liveHandles();
    }

    /** Compiles source text. @throws MillraceException {@code internal} with TorchScript's message where it doesn't compile */
    public TorchModule load(TorchSource source) {
        return load(source, false);
    }

    /**
     * As {@link #load}, of methods that may turn on autograd. What other modules computed can't take part in it, as they
     * compute in inference mode.
     */
    public TorchModule loadRecording(TorchSource source) {
        return load(source, true);
    }

    private TorchModule load(TorchSource source, boolean recording) {
        byte[] archive = TorchArchive.of(source);
        return new TorchModule(
                LibTorch.loadModule(new ByteArrayInputStream(archive), archive.length, device.jni()),
                threads,
                recording);
    }

    public Tensor tensor(float[] data, long... shape) {
        return filled(ElementType.F32, data.length, shape, memory -> memory.asFloatBuffer()
                .put(data));
    }

    /** A vector of float32 that the writer fills: it finds any numbers there, and need not begin at the first. */
    public Tensor vector(int size, Consumer<FloatBuffer> writer) {
        return filled(ElementType.F32, size, new long[] {size}, memory -> writer.accept(memory.asFloatBuffer()));
    }

    /** A matrix of float32 that the writer fills, row by row. */
    public Tensor matrix(int rows, int columns, Consumer<FloatBuffer> writer) {
        return filled(
                ElementType.F32,
                Math.multiplyExact(rows, columns),
                new long[] {rows, columns},
                memory -> writer.accept(memory.asFloatBuffer()));
    }

    public Tensor tensor(long[] data, long... shape) {
        return filled(ElementType.I64, data.length, shape, memory -> memory.asLongBuffer()
                .put(data));
    }

    /** Writes straight into the new tensor's memory: no second copy waits for the collector. */
    private Tensor filled(ElementType type, int count, long[] shape, Consumer<ByteBuffer> writer) {
        checkSize(type, (long) count * type.bytes(), shape);
        long onCpu = LibTorch.empty(shape, type.djlCode(), TorchDevice.CPU_JNI);
        if (count > 0) {
            try {
                writer.accept(LibTorch.memory(onCpu).order(ByteOrder.nativeOrder()));
            } catch (RuntimeException e) {
                LibTorch.deleteTensor(onCpu);
                throw e;
            }
        }
        if (!device.isCuda()) {
            return new Tensor(onCpu, Optional.empty());
        }
        try {
            return new Tensor(LibTorch.to(onCpu, type.djlCode(), device.jni()), Optional.empty());
        } finally {
            LibTorch.deleteTensor(onCpu);
        }
    }

    /**
     * A tensor from little-endian bytes, from the buffer's position on.
     *
     * @throws IllegalArgumentException where shape and bytes differ in size
     */
    public Tensor copyOf(ElementType type, ByteBuffer bytes, long... shape) {
        ByteBuffer direct = bytes.isDirect() && aligned(type, bytes) ? bytes.slice() : directCopy(bytes);
        return make(type, direct, false, shape);
    }

    /**
     * A tensor that stands on the buffer's own memory where the device is the CPU, the type is one that DJL can make
     * (not bfloat16) and the buffer is direct (as mapped files are), else a copy. The tensor and lists made of it keep the buffer reachable; results of calls don't: views
     * of it must not outlive it. It must not be written to.
     */
    public Tensor map(ElementType type, ByteBuffer bytes, long... shape) {
        if (device.isCuda() || type.reinterpreted() || !bytes.isDirect() || !aligned(type, bytes)) {
            return copyOf(type, bytes, shape);
        }
        return make(type, bytes.slice(), true, shape);
    }

    private static void checkSize(ElementType type, long bytes, long[] shape) {
        long needed = Arrays.stream(shape).reduce(type.bytes(), Math::multiplyExact);
        if (needed != bytes) {
            throw new IllegalArgumentException(
                    "shape " + Arrays.toString(shape) + " of " + type + " needs " + needed + " bytes, not " + bytes);
        }
    }

    private Tensor make(ElementType type, ByteBuffer direct, boolean keep, long[] shape) {
        checkSize(type, direct.remaining(), shape);
        Optional<ByteBuffer> kept = keep ? Optional.of(direct) : Optional.empty();
        long[] made = type.reinterpreted() ? new long[] {direct.remaining()} : shape;
        Tensor plain = new Tensor(place(direct, made, type, keep), kept);
        if (!type.reinterpreted()) {
            return plain;
        }
        try (plain) {
            return memory.call("view_as")
                    .arg(plain)
                    .arg(type.torchCode())
                    .arg(shape)
                    .toTensor();
        }
    }

    private long place(ByteBuffer direct, long[] shape, ElementType type, boolean keep) {
        long blob = LibTorch.fromBlob(direct, shape, type.djlCode());
        if (keep) {
            return blob;
        }
        try {
            return device.isCuda() ? LibTorch.to(blob, type.djlCode(), device.jni()) : LibTorch.copyOf(blob);
        } finally {
            LibTorch.deleteTensor(blob);
            Reference.reachabilityFence(direct);
        }
    }

    private static boolean aligned(ElementType type, ByteBuffer bytes) {
        return bytes.alignmentOffset(bytes.position(), type.bytes()) == 0;
    }

    private static ByteBuffer directCopy(ByteBuffer bytes) {
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.remaining());
        return direct.put(bytes.duplicate()).flip();
    }
}
