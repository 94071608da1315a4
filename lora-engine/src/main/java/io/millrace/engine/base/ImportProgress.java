package io.millrace.engine.base;

/** Hears how far a download or an import is. Called from the importing thread. */
@FunctionalInterface
public interface ImportProgress {

    /**
     * @param stage {@code download} or {@code import}
     * @param done units done, bytes of a download or elements of the tensors
     * @param total units in all, 0 where nobody knows
     */
    void advanced(String stage, long done, long total);

    static ImportProgress silent() {
        return (stage, done, total) -> {};
    }
}
