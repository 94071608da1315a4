package io.millrace.engine.train;

import java.nio.FloatBuffer;

/** A flat vector that comes when it is needed, so that only one is there at a time. */
@FunctionalInterface
interface FlatValues {
    /** @param flat zeros, to be written at absolute places */
    void writeTo(FloatBuffer flat);
}
