package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ReferenceKernelTest {
    @Test
    void misreadsRowsOfWholeVectorsThatAreNotWholeBlocks() {
        assertThat(List.of(32L, 96L, 176L, 1552L)).allMatch(ReferenceKernel::misreads);
        assertThat(List.of(64L, 576L, 1536L, 40L, 72L, 100L, 200L)).noneMatch(ReferenceKernel::misreads);
    }

    @Test
    void takesTheScaleByRowAndColumn() {
        assertThat(ReferenceKernel.block(0, 96)).isZero();
        assertThat(ReferenceKernel.block(95, 96)).isEqualTo(1);
        assertThat(ReferenceKernel.block(96, 96)).isEqualTo(1);
        assertThat(ReferenceKernel.block(192, 96)).isEqualTo(2);
    }
}
