package io.millrace.engine.torch;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.MillraceException;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a process can't be asked to end there")
class EndOfProcessTest {
    private static final int SIGTERM_EXIT = 128 + 15;

    @Test
    @Timeout(120)
    void aProcessThatIsToldToEndEndsAfterTheOperatorAtWork(@TempDir Path folder) throws Exception {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Computing.class.getName()))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
            // Given a process inside a long operator
            assertThat(output.lines().anyMatch(Computing.BEGUN::equals)).isTrue();

            // When it is asked to end
            process.toHandle().destroy();

            // Then it does so as if nothing had been at work
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(output.lines().toList()).isSubsetOf(Computing.ENDED);
            assertThat(process.exitValue()).isEqualTo(SIGTERM_EXIT);
            assertThat(folder).isEmptyDirectory();
        } finally {
            process.destroyForcibly();
        }
    }

    /** Multiplies in bf16 for as long as it lives, a second or so at a time. */
    static final class Computing {
        static final String BEGUN = "computing";
        static final String ENDED = "ended";

        private static final TorchSource SOURCE = new TorchSource("""
                def powers(self, x: Tensor, count: int) -> Tensor:
                  b = torch.to(x, 15)
                  y = b
                  for i in range(count):
                    y = torch.mm(y, b)
                  return y
                """);

        private Computing() {}

        public static void main(String[] arguments) {
            TorchRuntime torch = TorchRuntime.start("cpu", 2);
            try (TorchModule module = torch.load(SOURCE);
                    Tensor x = torch.tensor(new float[512 * 512], 512, 512)) {
                ComputeThread.<Void, RuntimeException>call(() -> {
                    power(module, x, 1);
                    System.out.println(BEGUN);
                    while (true) {
                        power(module, x, 1_000);
                    }
                });
            } catch (MillraceException e) {
                System.out.println(ENDED);
            }
        }

        private static void power(TorchModule module, Tensor x, int count) {
            module.call("powers").arg(x).arg(count).toTensor().close();
        }
    }
}
