package io.millrace.engine.selfcheck;

/** One case of a golden directory. */
public interface GoldenCase {
    /** As {@code nf4/normal_64x64.f32.nf4} or {@code train/tiny-plain losses}. */
    String name();

    Outcome run();

    /** What a case came to. */
    sealed interface Outcome {
        /** @param error measured, in the unit of the bound */
        record Measured(double error, double bound, String detail) implements Outcome {
            public boolean ok() {
                return error <= bound;
            }
        }

        record Skipped(String reason) implements Outcome {}

        /** The case couldn't be run at all. */
        record Broken(String reason) implements Outcome {}
    }
}
