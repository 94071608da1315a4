package io.millrace.engine.selfcheck;

import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.engine.base.Base;
import java.util.Optional;

/** Where golden cases find real bases, which no golden directory holds. The caller closes what it gets. */
@FunctionalInterface
public interface GoldenBases {
    /**
     * @param name as {@code smollm2-135m-instruct}
     * @return empty where it hasn't been pulled
     */
    Optional<Base> open(String name, Quantisation quantisation);

    /** What a case that needs the base comes to without it. */
    static GoldenCase.Outcome notHere(String name) {
        return new GoldenCase.Outcome.Skipped(
                "needs the base " + name + ", which isn't here; run `millrace base pull " + name + "`");
    }

    static GoldenBases none() {
        return (name, quantisation) -> Optional.empty();
    }
}
