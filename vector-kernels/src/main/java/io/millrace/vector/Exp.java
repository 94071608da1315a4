package io.millrace.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function of sixteen numbers: e^x = 2^n e^r with r in [-ln 2 / 2, ln 2 / 2], ln 2 taken off in two parts (Cody
 * and Waite, "Software Manual for the Elementary Functions", 1980, chapter 6), e^r by its Taylor series to r^6. Within 3 units
 * in the last place; as at -87 below and as at 88 above.
 */
final class Exp {
    private static final float LOG2_E = (float) (1 / Math.log(2));
    private static final float LN2_HIGH = 355f / 512;
    private static final float LN2_LOW = (float) (Math.log(2) - LN2_HIGH);
    /** 1.5 times 2^23: what is added to it is rounded to a whole number, which then stands in the lowest bits. */
    private static final float ROUNDER = 12_582_912f;

    private static final int MANTISSA_BITS = 23;

    private Exp() {}

    static FloatVector of(FloatVector x) {
        FloatVector bounded = x.max(-87f).min(88f);
        FloatVector shifted = bounded.mul(LOG2_E).add(ROUNDER);
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = bounded.sub(n.mul(LN2_HIGH)).sub(n.mul(LN2_LOW));
        FloatVector p = r.mul(1f / 720).add(1f / 120);
        p = p.mul(r).add(1f / 24);
        p = p.mul(r).add(1f / 6);
        p = p.mul(r).add(1f / 2);
        p = p.mul(r).add(1f);
        p = p.mul(r).add(1f);
        return p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
                .reinterpretAsFloats();
    }
}
