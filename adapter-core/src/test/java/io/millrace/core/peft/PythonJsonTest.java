package io.millrace.core.peft;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The expected files were written by Python's json.dumps. */
class PythonJsonTest {

    @Test
    void writesNumbersAndNestingAsPythonDoes() {
        List<Object> values = List.of(
                0.0,
                1.0,
                0.1,
                1e-5,
                1e-4,
                0.00012345,
                1e16,
                1e15,
                123456789012345680.0,
                1.5e-7,
                Double.MIN_VALUE,
                Double.MAX_VALUE,
                -2.5,
                100.0,
                Map.of(),
                List.of(),
                Map.of("b", List.of(1), "a", Map.of("c", true)));
        assertThat(PythonJson.write(values))
                .isEqualTo(new String(TinyLlama.resource("numbers.python.json"), StandardCharsets.UTF_8));
    }
}
