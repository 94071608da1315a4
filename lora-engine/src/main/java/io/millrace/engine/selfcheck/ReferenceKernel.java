package io.millrace.engine.selfcheck;

import io.millrace.engine.base.Nf4;

/**
 * What is peculiar to bitsandbytes' AVX-512 kernel for the CPU, which golden vectors come from: it looks an element's
 * absmax up at row * (columns / 64) + column / 64 (integer divisions). Where rows aren't whole blocks, that isn't the block
 * in which the element was quantised. The kernel takes rows of whole vectors of 16; others go the general way, which runs
 * through the tensor as one sequence, as its quantiser, its other kernels and this engine do. Only for checking.
 */
final class ReferenceKernel {
    private static final int VECTOR = 16;

    private ReferenceKernel() {}

    /** Whether the kernel reads a matrix with so many columns otherwise than it was quantised. */
    static boolean misreads(long columns) {
        return columns % VECTOR == 0 && columns % Nf4.BLOCK != 0;
    }

    /** The block whose absmax the kernel takes for an element. */
    static int block(int element, int columns) {
        return element / columns * (columns / Nf4.BLOCK) + element % columns / Nf4.BLOCK;
    }
}
