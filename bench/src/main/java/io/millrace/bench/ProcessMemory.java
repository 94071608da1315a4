package io.millrace.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process's memory as the kernel counts it. */
final class ProcessMemory {
    private ProcessMemory() {}

    /** Largest resident set so far, in MB; -1 where there is no /proc. */
    static long peakRssMb() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.isReadable(status)) {
            return -1;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(-1);
    }

    /** Starts the largest resident set anew where the kernel lets us. */
    static void resetPeak() throws IOException {
        Path references = Path.of("/proc/self/clear_refs");
        if (Files.isWritable(references)) {
            Files.writeString(references, "5");
        }
    }
}
