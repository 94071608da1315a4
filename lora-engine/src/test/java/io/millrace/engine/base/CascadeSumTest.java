package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CascadeSumTest {

    /** Bits of torch.sum of the same float32 values, torch 2.15.0 on the CPU. */
    @ParameterizedTest
    @CsvSource({"1, 1050253722", "15, 1094708101", "100, 1117657498", "13824, 1177334316"})
    void addsInPyTorchsOrder(int count, int bits) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (i * 7919L % 1000) / 1000 + 0.3f;
        }

        assertThat(Float.floatToIntBits(CascadeSum.of(values))).isEqualTo(bits);
    }
}
