package io.millrace.router;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.LongSupplier;

/** {@link RouterMetrics} as Prometheus reads them, under {@code millrace_router_}. */
final class MicrometerMetrics implements RouterMetrics {
    private final MeterRegistry meters;
    private final Counter promptTokens;
    private final Counter generatedTokens;
    private final Timer timeToFirstToken;
    private final Counter hits;
    private final Counter misses;
    private final Timer loads;
    private final Counter evictions;
    private final Counter dropped;

    MicrometerMetrics(MeterRegistry meters) {
        this.meters = meters;
        promptTokens = counter("millrace.router.tokens", "kind", "prompt");
        generatedTokens = counter("millrace.router.tokens", "kind", "generated");
        timeToFirstToken = Timer.builder("millrace.router.time.to.first.token")
                .publishPercentileHistogram()
                .register(meters);
        hits = counter("millrace.router.adapter.lookups", "result", "hit");
        misses = counter("millrace.router.adapter.lookups", "result", "miss");
        loads = Timer.builder("millrace.router.adapter.loads").register(meters);
        evictions = Counter.builder("millrace.router.adapter.evictions").register(meters);
        dropped = Counter.builder("millrace.router.records.dropped").register(meters);
    }

    private Counter counter(String name, String tag, String value) {
        return Counter.builder(name).tag(tag, value).register(meters);
    }

    @Override
    public void request(String step, String outcome) {
        meters.counter("millrace.router.requests", "step", step, "outcome", outcome)
                .increment();
    }

    @Override
    public void tokens(int prompt, int generated) {
        promptTokens.increment(prompt);
        generatedTokens.increment(generated);
    }

    @Override
    public void timeToFirstToken(Duration elapsed) {
        timeToFirstToken.record(elapsed);
    }

    @Override
    public void cacheHit() {
        hits.increment();
    }

    @Override
    public void cacheMiss() {
        misses.increment();
    }

    @Override
    public void loaded(Duration elapsed) {
        loads.record(elapsed);
    }

    @Override
    public void loadFailed(String code) {
        counter("millrace.router.adapter.load.failures", "code", code).increment();
    }

    @Override
    public void evicted() {
        evictions.increment();
    }

    @Override
    public void dropped() {
        dropped.increment();
    }

    @Override
    public void gauge(String name, String help, LongSupplier value) {
        Gauge.builder(name, value, LongSupplier::getAsLong)
                .description(help)
                .strongReference(true)
                .register(meters);
    }
}
