package io.millrace.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class NumbersTest {
    @Test
    void exponentialsAreAccurate() {
        assumeTrue(VectorUnit.available(), "no 512-bit vectors on this processor");
        for (float x = -87; x < 88; x += 0.01f) {
            double exact = Math.exp(x);
            assertThat(Exp.of(FloatVector.broadcast(FloatVector.SPECIES_512, x)).lane(3) / exact)
                    .isCloseTo(1, within(4e-7));
        }
        assertThat(Exp.of(FloatVector.broadcast(FloatVector.SPECIES_512, Float.NEGATIVE_INFINITY))
                        .lane(0))
                .isLessThan(1e-37f);
        assertThat(Exp.of(FloatVector.broadcast(FloatVector.SPECIES_512, Float.NaN))
                        .lane(0))
                .isNaN();
    }

    @Test
    void bfloat16IsRoundedToTheNearestAndOfTwoToTheEven() {
        assertThat(Bf16.bits(1)).isEqualTo(0x3f80);
        assertThat(Bf16.bits(Float.intBitsToFloat(0x3f808000))).isEqualTo(0x3f80);
        assertThat(Bf16.bits(Float.intBitsToFloat(0x3f818000))).isEqualTo(0x3f82);
        assertThat(Bf16.bits(Float.intBitsToFloat(0x3f808001))).isEqualTo(0x3f81);
        assertThat(Bf16.bits(-Float.MAX_VALUE)).isEqualTo(0xff80);
        assertThat(Float.intBitsToFloat(Bf16.bits(Float.intBitsToFloat(0x7f800001)) << 16))
                .isNaN();
        assertThat(Bf16.pair(1, -1)).isEqualTo(0xbf803f80);
    }
}
