package io.millrace.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HalfFloatsTest {

    @Test
    void everyHalfSurvivesTheWayToFloatAndBack() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float f16 = HalfFloats.fromF16((short) bits);
            if (Float.isNaN(f16)) {
                assertThat(HalfFloats.fromF16(HalfFloats.toF16(f16))).isNaN();
            } else {
                assertThat(HalfFloats.toF16(f16)).isEqualTo((short) bits);
            }
            float bf16 = HalfFloats.fromBf16((short) bits);
            if (Float.isNaN(bf16)) {
                assertThat(HalfFloats.fromBf16(HalfFloats.toBf16(bf16))).isNaN();
            } else {
                assertThat(HalfFloats.toBf16(bf16)).isEqualTo((short) bits);
            }
        }
    }

    @Test
    void roundsToTheNearestWithTiesToEven() {
        Random random = new Random(7);
        for (int i = 0; i < 200_000; i++) {
            float value = Float.intBitsToFloat(random.nextInt());
            if (Float.isNaN(value)) {
                continue;
            }
            short f16 = HalfFloats.toF16(value);
            if (Float.isFinite(HalfFloats.fromF16(f16))) {
                assertNearest(value, f16, HalfFloats.fromF16(f16), HalfFloats::fromF16);
            } else {
                assertThat(Math.abs(value)).isGreaterThanOrEqualTo(65520f);
            }
            short bf16 = HalfFloats.toBf16(value);
            if (Float.isFinite(HalfFloats.fromBf16(bf16))) {
                assertNearest(value, bf16, HalfFloats.fromBf16(bf16), HalfFloats::fromBf16);
            }
        }
        // Half way between 1 and the next number: the even one
        assertThat(HalfFloats.toF16(1 + 0x1p-11f)).isEqualTo((short) 0x3c00);
        assertThat(HalfFloats.toF16(1 + 3 * 0x1p-11f)).isEqualTo((short) 0x3c02);
        assertThat(HalfFloats.toBf16(1 + 0x1p-8f)).isEqualTo((short) 0x3f80);
        assertThat(HalfFloats.toBf16(1 + 3 * 0x1p-8f)).isEqualTo((short) 0x3f82);
    }

    private interface Decode {
        float apply(short bits);
    }

    private static void assertNearest(float value, short bits, float rounded, Decode decode) {
        double error = Math.abs((double) value - rounded);
        for (int neighbour : new int[] {bits - 1, bits + 1}) {
            float other = decode.apply((short) neighbour);
            if (Float.isFinite(other)) {
                assertThat(error).isLessThanOrEqualTo(Math.abs((double) value - other));
            }
        }
    }
}
