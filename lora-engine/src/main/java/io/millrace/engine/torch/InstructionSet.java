package io.millrace.engine.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The widest of the instruction sets that libtorch and oneDNN choose their kernels by. */
final class InstructionSet {
    private static final List<String> WIDEST_FIRST =
            List.of("amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx2", "sve", "bf16", "asimd");

    private InstructionSet() {}

    static String detect() {
        Path cpuInfo = Path.of("/proc/cpuinfo");
        if (Files.isReadable(cpuInfo)) {
            try (var lines = Files.lines(cpuInfo)) {
                Set<String> flags = lines.filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                        .findFirst()
                        .map(line -> Set.of(
                                line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
                        .orElse(Set.of());
                return WIDEST_FIRST.stream().filter(flags::contains).findFirst().orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                return System.getProperty("os.arch");
            }
        }
        return System.getProperty("os.arch");
    }
}
