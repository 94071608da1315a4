package io.millrace.engine.compose;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.LoraPair;
import io.millrace.engine.compose.DenseMerge.Term;
import java.util.List;
import org.junit.jupiter.api.Test;

class DenseMergeTest {
    private static final float[] WEIGHT = {1, 2, 3, 4, 5, 6};

    @Test
    void everyTermCountsByItsScale() {
        // Given a weight of two rows and three columns, and adapters of ranks 1 and 2
        LoraPair one = new LoraPair(1, 3, 2, new float[] {1, 0, -1}, new float[] {2, 3});
        LoraPair two = new LoraPair(2, 3, 2, new float[] {1, 1, 1, 0, 2, 0}, new float[] {1, 10, 0, 1});

        // When they are merged: W + 0.5 B A + (-1) B A
        float[] merged = DenseMerge.merge(WEIGHT, List.of(new Term(one, 0.5), new Term(two, -1)));

        // Then each number is the sum
        assertThat(merged).containsExactly(1 + 1 - 1, 2 - 21, 3 - 1 - 1, 4 + 1.5f, 5 - 2, 6 - 1.5f);
    }

    @Test
    void partsThatCancelLeaveTheWeight() {
        LoraPair pair = new LoraPair(1, 3, 2, new float[] {0.1f, 0.7f, -0.3f}, new float[] {1e3f, 1e-3f});

        assertThat(DenseMerge.merge(WEIGHT, List.of(new Term(pair, 0.3), new Term(pair, -0.3))))
                .containsExactly(WEIGHT);
        assertThat(DenseMerge.merge(WEIGHT, List.of())).containsExactly(WEIGHT);
    }
}
