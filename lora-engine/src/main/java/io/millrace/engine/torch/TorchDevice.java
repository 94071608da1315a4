package io.millrace.engine.torch;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.function.IntSupplier;

/**
 * Where tensors live and operators run.
 *
 * @param cuda index of the CUDA device, -1 for the CPU
 */
public record TorchDevice(int cuda) {
    public static final TorchDevice CPU = new TorchDevice(-1);

    /** DJL's native code takes a device as {type, index}; the type is 0 for the CPU, 1 for CUDA. */
    static final int[] CPU_JNI = {0, -1};

    /**
     * @param name {@code auto}: the first CUDA device where this machine's libtorch has one, else the CPU; {@code cpu};
     *     {@code cuda:N}
     * @param cudaDevices how many CUDA devices libtorch can use; not asked for the CPU
     * @throws MillraceException {@code bad_setting} where there is no such device
     */
    static TorchDevice parse(String name, IntSupplier cudaDevices) {
        if (name.equals("cpu")) {
            return CPU;
        }
        int devices = cudaDevices.getAsInt();
        if (name.equals("auto")) {
            return devices > 0 ? new TorchDevice(0) : CPU;
        }
        if (!name.matches("cuda(:\\d{1,3})?")) {
            throw new MillraceException(ErrorCode.BAD_SETTING, "'" + name + "' is no device; use auto, cpu or cuda:N");
        }
        int index = name.equals("cuda") ? 0 : Integer.parseInt(name.substring("cuda:".length()));
        if (index >= devices) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "this libtorch sees " + devices + " CUDA devices, so no " + name
                            + "; use --device cpu, or point PYTORCH_LIBRARY_PATH at a PyTorch 2.7.1 with CUDA");
        }
        return new TorchDevice(index);
    }

    public boolean isCuda() {
        return cuda >= 0;
    }

    int[] jni() {
        return isCuda() ? new int[] {1, cuda} : CPU_JNI.clone();
    }

    @Override
    public String toString() {
        return isCuda() ? "cuda:" + cuda : "cpu";
    }
}
