package io.millrace.engine.selfcheck;

import java.util.function.Supplier;

/** A case made of a name and what to do; whatever it throws is an outcome. */
record Check(String name, Supplier<Outcome> check) implements GoldenCase {
    static Check skipped(String name, String reason) {
        return new Check(name, () -> new Outcome.Skipped(reason));
    }

    @Override
    public Outcome run() {
        try {
            return check.get();
        } catch (RuntimeException e) {
            return new Outcome.Broken(e.toString());
        }
    }
}
