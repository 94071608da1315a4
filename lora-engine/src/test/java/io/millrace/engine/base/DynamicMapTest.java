package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DynamicMapTest {
    @Test
    void everyValueHasItsOwnCode() {
        float[] values = DynamicMap.signed().values();
        for (int code = 0; code < values.length; code++) {
            // next to zero the map is finer than the grid that numbers are rounded to first
            if (Math.abs(values[code]) > 1e-3f) {
                assertThat(DynamicMap.signed().code(values[code]))
                        .as("code of " + values[code])
                        .isEqualTo(code);
            }
        }
    }

    @Test
    void numbersNextToAMidpointGoWhereBitsandbytesRoundsThemInFloat32() {
        // scales of SmolLM2-135M-Instruct, and the codes that bitsandbytes 0.50.2 gave them
        assertThat(DynamicMap.signed().code(0.0021362046f)).isEqualTo(145);
        assertThat(DynamicMap.signed().code(0.1703212f)).isEqualTo(196);
        assertThat(DynamicMap.signed().code(-0.012817581f)).isEqualTo(95);
        assertThat(DynamicMap.signed().code(1.2205541e-4f)).isEqualTo(135);
    }
}
