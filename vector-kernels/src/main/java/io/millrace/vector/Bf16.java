package io.millrace.vector;

import io.millrace.core.safetensors.HalfFloats;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** bfloat16, the upper half of a float32: two in an int, the first in its lower half, as memory has them one after the other. */
final class Bf16 {
    private static final int UPPER = 0xffff0000;

    private Bf16() {}

    /** Rounded to the nearest; the lower sixteen bits of the result. */
    static int bits(float x) {
        return HalfFloats.toBf16(x) & 0xffff;
    }

    static int pair(float first, float second) {
        return bits(first) | (bits(second) << Short.SIZE);
    }

    /** The first of each pair. */
    static FloatVector low(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHL, Short.SIZE).reinterpretAsFloats();
    }

    /** The second of each pair. */
    static FloatVector high(IntVector pairs) {
        return pairs.and(UPPER).reinterpretAsFloats();
    }
}
