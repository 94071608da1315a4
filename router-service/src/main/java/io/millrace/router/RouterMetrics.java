package io.millrace.router;

import java.time.Duration;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;

/** What the router counts, so that its parts know no metrics library. Safe for many threads. */
public interface RouterMetrics {

    /**
     * A request ended.
     *
     * @param outcome {@code ok}, {@code cancelled} or an error code
     */
    void request(String step, String outcome);

    void tokens(int prompt, int generated);

    void timeToFirstToken(Duration elapsed);

    void cacheHit();

    void cacheMiss();

    void loaded(Duration elapsed);

    void loadFailed(String code);

    void evicted();

    /** A decision, feedback or example record was lost. */
    void dropped();

    void gauge(String name, String help, LongSupplier value);

    /** @see #gauge */
    default void intGauge(String name, String help, IntSupplier value) {
        gauge(name, help, value::getAsInt);
    }
}
