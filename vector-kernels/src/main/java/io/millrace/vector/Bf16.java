package io.millrace.vector;

/** bfloat16: the upper half of a float32. */
final class Bf16 {
    private Bf16() {}

    /** To the nearest, of two to the even one; the lower sixteen bits of the result. NaN stays one. */
    static int bits(float x) {
        int bits = Float.floatToRawIntBits(x);
        if (Float.isNaN(x)) {
            return (bits >>> Short.SIZE) | 0x40;
        }
        return (bits + 0x7fff + ((bits >>> Short.SIZE) & 1)) >>> Short.SIZE;
    }

    /** Two numbers in an int, the first in the lower half, as memory has them one after the other. */
    static int pair(float first, float second) {
        return bits(first) | (bits(second) << Short.SIZE);
    }
}
