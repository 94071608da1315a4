package io.millrace.router.lease;

import io.millrace.core.AdapterName;
import io.millrace.core.VersionId;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.router.RouterMetrics;
import io.millrace.router.select.ServableVersions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which version answers for each adapter's champion. A new champion is loaded first and answers then; until it can be,
 * the one before goes on, and {@link #behind()} says why. An adapter's first champion answers at once.
 */
public final class Champions implements ServableVersions.ServedChampions {
    private static final Logger LOG = LoggerFactory.getLogger(Champions.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

    private final Function<VersionEntry, CompletableFuture<Lease>> loader;
    private final Clock clock;
    private final Map<AdapterName, VersionEntry> served = new ConcurrentHashMap<>();
    private final Map<AdapterName, Change> changes = new ConcurrentHashMap<>();

    /**
     * A champion on its way.
     *
     * @param failure why its last attempt failed
     */
    private record Change(
            VersionEntry champion, boolean running, Optional<String> failure, Duration pause, Instant nextAttempt) {

        static Change to(VersionEntry champion, Instant now) {
            return new Change(champion, false, Optional.empty(), FIRST_WAIT, now);
        }

        Change started() {
            return new Change(champion, true, failure, pause, nextAttempt);
        }

        Change failed(String reason, Instant now) {
            Duration longer = pause.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? pause.multipliedBy(2) : LONGEST_WAIT;
            return new Change(champion, false, Optional.of(reason), longer, now.plus(pause));
        }

        boolean isDue(Instant now) {
            return !running && !now.isBefore(nextAttempt);
        }
    }

    public Champions(Function<VersionEntry, CompletableFuture<Lease>> loader, Clock clock, RouterMetrics metrics) {
        this.loader = loader;
        this.clock = clock;
        metrics.intGauge(
                "millrace.router.champions.behind",
                "Adapters whose champion can't be loaded, so that an older version answers",
                () -> behind().size());
    }

    @Override
    public VersionEntry served(AdapterEntry adapter, VersionEntry champion) {
        VersionEntry current = served.get(adapter.name());
        if (current == null || current.id().equals(champion.id())) {
            return champion;
        }
        VersionEntry asOfNow = adapter.versions().get(current.ordinal() - 1);
        return asOfNow.retired() ? champion : asOfNow;
    }

    /** Called with every view once the registry's fold is complete, and from time to time: loads what is due. */
    public void follow(RegistryView view, boolean preloadNew) {
        Instant now = clock.instant();
        for (AdapterEntry adapter : view.adapters()) {
            Optional<VersionEntry> champion = adapter.champion().flatMap(id -> view.version(adapter.name(), id));
            if (champion.isEmpty()) {
                served.remove(adapter.name());
                changes.remove(adapter.name());
                continue;
            }
            follow(adapter.name(), champion.get(), preloadNew, now);
        }
    }

    private void follow(AdapterName name, VersionEntry champion, boolean preloadNew, Instant now) {
        VersionEntry current = served.putIfAbsent(name, champion);
        if (current == null && !preloadNew) {
            return;
        }
        Change change = changes.get(name);
        if (change == null || !change.champion().id().equals(champion.id())) {
            if (current != null && current.id().equals(champion.id())) {
                changes.remove(name);
                return;
            }
            change = Change.to(champion, now);
            changes.put(name, change);
        }
        if (change.isDue(now)) {
            changes.put(name, change.started());
            load(name, champion);
        }
    }

    private void load(AdapterName name, VersionEntry champion) {
        var unused = loader.apply(champion).whenComplete((lease, error) -> {
            if (error == null) {
                lease.close();
                arrived(name, champion);
            } else {
                failed(name, champion.id(), error);
            }
        });
    }

    private void arrived(AdapterName name, VersionEntry champion) {
        Change change = changes.get(name);
        if (change != null && change.champion().id().equals(champion.id()) && changes.remove(name, change)) {
            served.put(name, champion);
            LOG.info("answering with adapter={} version={} id={}", name, champion.ordinalName(), champion.id());
        }
    }

    private void failed(AdapterName name, VersionId id, Throwable error) {
        Throwable cause = error.getCause() == null ? error : error.getCause();
        String reason = String.valueOf(cause.getMessage());
        Change change = changes.computeIfPresent(
                name, (n, c) -> c.champion().id().equals(id) ? c.failed(reason, clock.instant()) : c);
        if (change != null && change.champion().id().equals(id)) {
            LOG.warn(
                    "champion of adapter={} version={} can't be loaded: {}",
                    name,
                    change.champion().ordinalName(),
                    reason);
        }
    }

    /** Adapters whose champion couldn't be loaded yet, and why. */
    public Map<String, String> behind() {
        return changes.values().stream()
                .filter(c -> c.failure().isPresent())
                .collect(Collectors.toMap(
                        c -> c.champion().adapter().toString(),
                        c -> c.champion().ordinalName() + " can't be loaded: "
                                + c.failure().orElseThrow()));
    }
}
