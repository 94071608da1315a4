package io.millrace.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ShortBuffer;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StreamedMatrixTest {
    private static final int ROWS = 8;

    private final SplittableRandom random = new SplittableRandom(5);

    @BeforeEach
    void vectors() {
        assumeTrue(VectorUnit.available(), "no 512-bit vectors on this processor");
    }

    @ParameterizedTest
    @CsvSource({"32, 4", "40, 64", "960, 576", "1, 1024", "300, 132"})
    void productsAreThoseOfTheDefinition(int out, int in) {
        // Given weights in two parts, and rows that stand anywhere
        ShortBuffer weights = weights(out * in);
        int cut = out / 2 * in;
        StreamedMatrix matrix = StreamedMatrix.of(in, weights.slice(0, cut), weights.slice(cut, out * in - cut));
        float[] x = floats(3 + in * ROWS);
        float[] y = new float[5 + ROWS * matrix.paddedOut()];

        // When some groups are computed, then the others
        int half = matrix.groups() / 2;
        matrix.multiply(0, half, x, 3, y, 5, matrix.paddedOut(), false);
        matrix.multiply(half, matrix.groups(), x, 3, y, 5, matrix.paddedOut(), false);
        // and once more, on top
        matrix.multiply(0, matrix.groups(), x, 3, y, 5, matrix.paddedOut(), true);

        // Then
        for (int row = 0; row < ROWS; row++) {
            for (int o = 0; o < matrix.paddedOut(); o++) {
                double expected = o < out ? 2 * product(weights, o * in, in, x, 3 + row) : 0;
                assertThat((double) y[5 + row * matrix.paddedOut() + o]).isCloseTo(expected, within(1e-4));
            }
        }
    }

    @Test
    void sizesAreKnownBefore() {
        assertThat(StreamedMatrix.bytes(960, 576)).isBetween(960L * 576 * 2, 960L * 576 * 2 + 4 * 16_384);
    }

    private static double product(ShortBuffer weights, int start, int in, float[] x, int row) {
        double sum = 0;
        for (int k = 0; k < in; k++) {
            sum += Float.intBitsToFloat(weights.get(start + k) << Short.SIZE) * (double) x[row + k * ROWS];
        }
        return sum;
    }

    private ShortBuffer weights(int count) {
        ShortBuffer weights = ShortBuffer.allocate(count);
        for (int i = 0; i < count; i++) {
            weights.put(i, (short) Bf16.bits((float) random.nextDouble(-1, 1)));
        }
        return weights;
    }

    private float[] floats(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        return values;
    }
}
