package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class Nf4Test {

    @Property(tries = 200)
    void everyValueComesBackWithinItsStep(
            @ForAll @IntRange(min = 1, max = 700) int elements,
            @ForAll @IntRange(min = -6, max = 4) int magnitude,
            @ForAll long seed) {
        // Given weights of any number and size
        float[] weights = normal(elements, (float) Math.pow(10, magnitude), seed);
        float[] absmax = new float[Nf4.blocks(elements)];

        // When they are quantised and come back
        byte[] packed = Nf4.quantise(weights, absmax);
        float[] back = Nf4.dequantise(ByteBuffer.wrap(packed), absmax, elements);

        // Then each is off by at most half the widest gap of the map, and a block's largest is exact
        for (int i = 0; i < elements; i++) {
            float scale = absmax[i / Nf4.BLOCK];
            assertThat(Math.abs(back[i] - weights[i])).isLessThanOrEqualTo(0.1521f * scale);
            if (Math.abs(weights[i]) == scale) {
                assertThat(back[i]).isEqualTo(weights[i]);
            }
        }
    }

    @Property(tries = 100)
    void quantisingWhatCameBackChangesNoCode(@ForAll @IntRange(min = 1, max = 700) int elements, @ForAll long seed) {
        // Given weights that are exactly representable
        float[] absmax = new float[Nf4.blocks(elements)];
        byte[] packed = Nf4.quantise(normal(elements, 1, seed), absmax);
        float[] representable = Nf4.dequantise(ByteBuffer.wrap(packed), absmax, elements);

        // When they are quantised again, then codes and scales are the same
        float[] again = new float[absmax.length];
        assertThat(Nf4.quantise(representable, again)).isEqualTo(packed);
        assertThat(again).isEqualTo(absmax);
    }

    @Property(tries = 100)
    void doubleQuantisationKeepsScalesNear(@ForAll @IntRange(min = 1, max = 2000) int blocks, @ForAll long seed) {
        // Given absmax values as weights have them
        Random random = new Random(seed);
        float[] absmax = new float[blocks];
        for (int i = 0; i < blocks; i++) {
            absmax[i] = 0.05f + 0.02f * random.nextFloat();
        }

        // When they are quantised and come back
        float[] back = DoubleQuantisation.of(absmax).dequantise();

        // Then each is off by at most half the widest gap of the dynamic map, times the widest spread
        for (int i = 0; i < blocks; i++) {
            assertThat(Math.abs(back[i] - absmax[i])).isLessThan(0.0082f * 0.02f);
        }
    }

    @Test
    void zerosStayZero() {
        // Given a tensor whose first block is zero
        float[] weights = new float[100];
        weights[80] = -0.5f;

        // When quantised without the second quantisation
        float[] absmax = new float[2];
        byte[] packed = Nf4.quantise(weights, absmax);

        // Then zeros have code 7, the padding too, and the number is exact
        assertThat(packed).hasSize(64);
        assertThat(packed[0]).isEqualTo((byte) 0x77);
        assertThat(packed[40]).isEqualTo((byte) 0x07);
        assertThat(packed[63]).isEqualTo((byte) 0x77);
        assertThat(Nf4.dequantise(ByteBuffer.wrap(packed), absmax, 100)).isEqualTo(weights);
    }

    @Test
    void tiesGoToTheLowerCode() {
        // Given a value halfway between the codes 7 and 8 of its block
        float halfway = (float) ((Nf4.values()[7] + (double) Nf4.values()[8]) / 2);

        // When quantised, then it takes the lower
        assertThat(Nf4.quantise(new float[] {1f, halfway}, new float[1])[0]).isEqualTo((byte) 0xf7);
    }

    private static float[] normal(int elements, float deviation, long seed) {
        Random random = new Random(seed);
        float[] weights = new float[elements];
        for (int i = 0; i < elements; i++) {
            weights[i] = (float) random.nextGaussian() * deviation;
        }
        return weights;
    }
}
