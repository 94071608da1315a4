package io.millrace.engine.torch;

import com.sun.jna.Library;
import com.sun.jna.Native;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What CUDA's runtime library says of the devices. It is the library that libtorch has loaded: PyTorch's packages keep it
 * where only their own libraries find it, at times under a name with a hash.
 */
final class CudaRuntime {
    private static final Path LOADED_FILES = Path.of("/proc/self/maps");
    private static final int CAPABILITY_MAJOR = 75;
    private static final int CAPABILITY_MINOR = 76;

    private CudaRuntime() {}

    /** CUDA runtime API, "Device Management"; each returns 0 where it succeeds. */
    private interface Functions extends Library {
        int cudaGetDeviceCount(int[] count);

        int cudaDeviceGetAttribute(int[] value, int attribute, int device);
    }

    /** 0 where no library is loaded or it finds no driver. */
    static int deviceCount() {
        int[] count = new int[1];
        return functions().filter(cuda -> cuda.cudaGetDeviceCount(count) == 0).isPresent() ? count[0] : 0;
    }

    /** As {@code sm_90}, the name that CUDA's compiler has for the generation of a device. */
    static String generation(int device) {
        Functions cuda = functions().orElseThrow(() -> new IllegalStateException("no CUDA runtime library is loaded"));
        return "sm_" + attribute(cuda, CAPABILITY_MAJOR, device) + attribute(cuda, CAPABILITY_MINOR, device);
    }

    private static int attribute(Functions cuda, int attribute, int device) {
        int[] value = new int[1];
        int status = cuda.cudaDeviceGetAttribute(value, attribute, device);
        if (status != 0) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, "CUDA answers " + status + " to a question about device " + device);
        }
        return value[0];
    }

    private static Optional<Functions> functions() {
        try {
            return Optional.of(Native.load(loaded().orElse("cudart"), Functions.class));
        } catch (UnsatisfiedLinkError e) {
            return Optional.empty();
        }
    }

    /** The file of the runtime library in this process, where the system tells. */
    private static Optional<String> loaded() {
        if (!Files.isReadable(LOADED_FILES)) {
            return Optional.empty();
        }
        try (Stream<String> lines = Files.lines(LOADED_FILES)) {
            return lines.filter(line -> line.contains("/libcudart"))
                    .map(line -> line.substring(line.indexOf('/')))
                    .findFirst();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
