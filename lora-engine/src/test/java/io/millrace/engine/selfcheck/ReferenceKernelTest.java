package io.millrace.engine.selfcheck;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReferenceKernelTest {
    @Test
    void misreadsRowsOfWholeVectorsThatAreNotWholeBlocks() {
        assertThat(new long[] {32, 96, 176, 1552}).allMatch(ReferenceKernel::misreads);
        assertThat(new long[] {64, 576, 1536, 40, 72, 100, 200}).noneMatch(ReferenceKernel::misreads);
    }

    @Test
    void takesTheScaleByRowAndColumn() {
        assertThat(ReferenceKernel.block(0, 96)).isZero();
        assertThat(ReferenceKernel.block(95, 96)).isEqualTo(1);
        assertThat(ReferenceKernel.block(96, 96)).isEqualTo(1);
        assertThat(ReferenceKernel.block(192, 96)).isEqualTo(2);
    }
}
