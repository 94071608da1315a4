package io.millrace.vector;

import jdk.incubator.vector.FloatVector;

/** Whether this process can use the kernels. */
public final class VectorUnit {
    static final int LANES = 16;

    private static final String MODULE = "jdk.incubator.vector";

    private VectorUnit() {}

    /** Where the JVM was started with {@code --add-modules jdk.incubator.vector} on a processor with 512-bit vectors. */
    public static boolean available() {
        return ModuleLayer.boot().findModule(MODULE).isPresent() && Width.preferred() == LANES;
    }

    /** Apart, since it can't be loaded without the module. */
    private static final class Width {
        static int preferred() {
            return FloatVector.SPECIES_PREFERRED.length();
        }
    }
}
