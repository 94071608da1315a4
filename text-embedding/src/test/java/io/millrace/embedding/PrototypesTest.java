package io.millrace.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PrototypesTest {
    private static final int DIMENSION = 24;

    /** Points around {@code clusters} axes. */
    private static List<float[]> points(int count, int clusters, long seed) {
        Random random = new Random(seed);
        List<float[]> points = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double[] x = new double[DIMENSION];
            for (int d = 0; d < DIMENSION; d++) {
                x[d] = 0.05 * random.nextGaussian();
            }
            x[i % clusters] += 1;
            points.add(Vectors.normalised(x));
        }
        return points;
    }

    @Test
    void findsTheClustersItsEmbeddingsForm() {
        // Given
        List<float[]> points = points(300, 4, 1);

        // When
        Prototypes prototypes = Prototypes.fit(points, 4, 7);

        // Then
        assertThat(prototypes.centroids()).hasSize(4);
        for (int axis = 0; axis < 4; axis++) {
            float[] unit = new float[DIMENSION];
            unit[axis] = 1;
            assertThat(prototypes.nearest(unit)).isGreaterThan(0.98f);
        }
        float[] elsewhere = new float[DIMENSION];
        elsewhere[10] = 1;
        assertThat(prototypes.nearest(elsewhere))
                .isLessThan(prototypes.spread().quantiles().get(0));
    }

    @Test
    void doesNotDependOnTheOrderOfItsEmbeddings() {
        // Given
        List<float[]> points = points(200, 9, 2);
        List<float[]> shuffled = new ArrayList<>(points);
        Collections.shuffle(shuffled, new Random(3));

        // Then
        assertThat(Prototypes.fit(shuffled, 5).encode())
                .isEqualTo(Prototypes.fit(points, 5).encode());
    }

    @Test
    void hasNoMorePrototypesThanDifferentEmbeddings() {
        // Given
        float[] point = points(1, 1, 4).get(0);

        // When
        Prototypes prototypes = Prototypes.fit(List.of(point, point, point), 1);

        // Then
        assertThat(prototypes.centroids()).hasSize(1);
        assertThat(prototypes.nearest(point)).isCloseTo(1, within(1e-3f));
    }

    @Test
    void aFewPromptsGiveAWideBandAndManyTheirOwn() {
        // When
        Spread few = Prototypes.fit(points(1, 1, 5), 1).spread();
        Spread many = Prototypes.fit(points(400, 3, 5), 1).spread();

        // Then
        assertThat(few.mean()).isCloseTo(0.5f, within(1e-6f));
        assertThat(few.quantiles()).isSorted();
        assertThat(many.mean()).isGreaterThan(0.9f);
        assertThat(many.deviation()).isLessThan(few.deviation());
        assertThat(many.quantiles()).isSorted();
        assertThat(many.quantiles().get(0)).isGreaterThan(0.8f);
    }

    @Test
    void theCodecGivesAnEqualValueBack() {
        // Given
        Prototypes prototypes = Prototypes.fit(points(100, 6, 6), 9);

        // When
        byte[] content = prototypes.encode();

        // Then
        assertThat(Prototypes.decode(content)).isEqualTo(prototypes);
        assertThat(Prototypes.decode(content).centroids().get(0))
                .isEqualTo(prototypes.centroids().get(0));
        assertThat(content).hasSizeLessThan(2 * 32 * DIMENSION + 64);
    }

    @Test
    void refusesBytesThatAreNoPrototypes() {
        byte[] content = Prototypes.fit(points(10, 2, 7), 1).encode();
        assertThatThrownBy(() -> Prototypes.decode(Arrays.copyOf(content, content.length - 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("centroids");
        assertThatThrownBy(() -> Prototypes.decode(new byte[3])).isInstanceOf(IllegalArgumentException.class);
        content[0]++;
        assertThatThrownBy(() -> Prototypes.decode(content)).hasMessageContaining("MRP1");
    }
}
