package io.millrace.trainer;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.millrace.core.AdapterName;
import io.millrace.proto.internal.Evaluation;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.VersionCut;
import io.millrace.trainer.worker.Progress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** The trainer's numbers as meters, by adapter where that says something. */
final class MicrometerMeters implements Progress.Meters {
    private final MeterRegistry registry;
    private final Map<String, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();

    MicrometerMeters(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void round(AdapterName adapter, RoundCommitted round, double meanLoss) {
        Tags tags = Tags.of("adapter", adapter.toString());
        registry.counter("millrace.trainer.rounds", tags).increment();
        registry.counter("millrace.trainer.examples", tags).increment(round.getLossesCount());
        registry.counter("millrace.trainer.tokens", tags).increment((double) round.getTokens());
        registry.timer("millrace.trainer.round", tags).record(Duration.ofMillis(round.getTrainMillis()));
        set("millrace.trainer.loss", tags, meanLoss);
        round.getGradNormsList().stream()
                .mapToDouble(Double::doubleValue)
                .max()
                .ifPresent(norm -> set("millrace.trainer.gradient.norm", tags, norm));
        if (round.getTrainMillis() > 0) {
            set("millrace.trainer.tokens.per.second", tags, round.getTokens() * 1e3 / round.getTrainMillis());
            set("millrace.trainer.examples.per.second", tags, round.getLossesCount() * 1e3 / round.getTrainMillis());
        }
    }

    @Override
    public void overhead(Duration protocol, Duration training) {
        Counter spent = registry.counter("millrace.trainer.protocol.seconds");
        Counter trained = registry.counter("millrace.trainer.training.seconds");
        spent.increment(protocol.toNanos() / 1e9);
        trained.increment(training.toNanos() / 1e9);
        set("millrace.trainer.protocol.overhead", Tags.empty(), spent.count() / Math.max(1e-9, trained.count()));
    }

    @Override
    public void roundFailed() {
        registry.counter("millrace.trainer.rounds.failed").increment();
    }

    @Override
    public void version(AdapterName adapter, VersionCut cut) {
        Tags tags = Tags.of("adapter", adapter.toString());
        registry.counter("millrace.trainer.versions", tags).increment();
        boolean passed = cut.getCommand().getPublishVersion().getPromotion().getPromote();
        registry.counter("millrace.trainer.gate", tags.and("verdict", passed ? "passed" : "refused"))
                .increment();
        Evaluation evaluation = cut.getCommand().getPublishVersion().getEvaluation();
        set("millrace.trainer.heldout.loss", tags, evaluation.getHeldoutLoss());
        set("millrace.trainer.heldout.perplexity", tags, Math.exp(evaluation.getHeldoutLoss()));
    }

    @Override
    public void rebased(AdapterName adapter) {
        registry.counter("millrace.trainer.rebased", "adapter", adapter.toString())
                .increment();
    }

    @Override
    public void lag(int partition, long records) {
        set("millrace.trainer.lag", Tags.of("partition", Integer.toString(partition)), (double) records);
    }

    @Override
    public void waiting(AdapterName adapter, int records) {
        set("millrace.trainer.waiting", Tags.of("adapter", adapter.toString()), records);
    }

    @Override
    public void drift(AdapterName adapter, double statistic, long shifts) {
        Tags tags = Tags.of("adapter", adapter.toString());
        set("millrace.trainer.drift", tags, statistic);
        set("millrace.trainer.shifts", tags, (double) shifts);
    }

    @Override
    public void alarm(AdapterName adapter, String name, boolean raised) {
        set("millrace.trainer.alarm", Tags.of("adapter", adapter.toString(), "alarm", name), raised ? 1 : 0);
    }

    private void set(String name, Tags tags, double value) {
        gauges.computeIfAbsent(name + tags, key -> {
                    AtomicReference<Double> held = new AtomicReference<>(Double.NaN);
                    Gauge.builder(name, held, AtomicReference::get).tags(tags).register(registry);
                    return held;
                })
                .set(value);
    }
}
