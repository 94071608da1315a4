package io.millrace.router;

import java.time.Duration;
import java.util.function.LongSupplier;

/** For tests that count nothing. */
public final class NoMetrics implements RouterMetrics {
    @Override
    public void request(String step, String outcome) {}

    @Override
    public void tokens(int prompt, int generated) {}

    @Override
    public void timeToFirstToken(Duration elapsed) {}

    @Override
    public void cacheHit() {}

    @Override
    public void cacheMiss() {}

    @Override
    public void loaded(Duration elapsed) {}

    @Override
    public void loadFailed(String code) {}

    @Override
    public void evicted() {}

    @Override
    public void dropped() {}

    @Override
    public void gauge(String name, String help, LongSupplier value) {}
}
