package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.trainer.protocol.AdapterFold;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the worker shows of itself: one log line per round and version, meters, a status to read from any thread. */
public final class Progress {
    private static final Logger LOG = LoggerFactory.getLogger(Progress.class);
    private static final Duration EVERY = Duration.ofMillis(200);

    private final Meters meters;
    private final Map<AdapterName, Double> lastLoss = new HashMap<>();
    private final Alarms alarms = new Alarms();
    private Instant next = Instant.EPOCH;
    private OptionalLong roundStartedNanos = OptionalLong.empty();
    private volatile List<AdapterStatus> adapters = List.of();
    private volatile String recovering = "";
    private volatile String surroundings = "";
    private volatile boolean recovered;
    private volatile Set<Integer> partitions = Set.of();

    /** Numbers for whoever collects them. */
    public interface Meters {
        void round(AdapterName adapter, RoundCommitted round, double meanLoss);

        /** Protocol work around a round's training: planning, archiving, committing, storing. */
        void overhead(Duration protocol, Duration training);

        void roundFailed();

        void version(AdapterName adapter, VersionCut cut);

        void rebased(AdapterName adapter);

        void lag(int partition, long records);

        void waiting(AdapterName adapter, int records);

        /** The drift detector after a round. */
        void drift(AdapterName adapter, double statistic, long shifts);

        /** @param name as {@code gradient_explodes} */
        void alarm(AdapterName adapter, String name, boolean raised);
    }

    public Progress(Meters meters) {
        this.meters = meters;
    }

    public List<AdapterStatus> adapters() {
        return adapters;
    }

    /** Assigned partitions whose journal was read. */
    public Set<Integer> partitions() {
        return partitions;
    }

    /** Whether each assigned partition's journal was read. */
    public boolean recovered() {
        return recovered;
    }

    /** Why the journal couldn't be read when it was last tried; empty where nothing is wrong. */
    public String recovering() {
        return recovering;
    }

    void recovering(String reason) {
        recovering = reason;
    }

    /** What the last step waits for outside of this process; empty where it came through. */
    public String surroundings() {
        return surroundings;
    }

    void surroundings(String trouble) {
        surroundings = trouble;
    }

    void roundFailed() {
        meters.roundFailed();
    }

    /** A round's first step starts. */
    void started() {
        roundStartedNanos = OptionalLong.of(System.nanoTime());
    }

    void written(AdapterName adapter, Optional<AdapterFold> fold, JournalRecord event) {
        switch (event.getEventCase()) {
            case ROUND_PLANNED -> raise(adapter, alarms.planned(adapter, event.getRoundPlanned()));
            case ROUND_COMMITTED -> committed(adapter, fold, event.getRoundCommitted());
            case ROUND_RETRIED ->
                LOG.warn(
                        "adapter={} round={} retry={} reason={}",
                        adapter,
                        event.getRoundRetried().getRound(),
                        event.getRoundRetried().getAttempt(),
                        event.getRoundRetried().getReason());
            case ROUND_ABANDONED -> {
                raise(adapter, alarms.abandoned(adapter, event.getRoundAbandoned()));
                LOG.error(
                        "adapter={} round={} abandoned code={} reason={}",
                        adapter,
                        event.getRoundAbandoned().getRound(),
                        event.getRoundAbandoned().getCode(),
                        event.getRoundAbandoned().getMessage());
            }
            case ROUND_REBASED -> {
                meters.rebased(adapter);
                LOG.warn(
                        "adapter={} round={} rebased from={} to={} fingerprint={}",
                        adapter,
                        event.getRoundRebased().getRound(),
                        event.getRoundRebased().getOldStateSha256(),
                        event.getRoundRebased().getNewStateSha256(),
                        event.getRoundRebased().getNewFingerprint());
            }
            case VERSION_CUT -> {
                meters.version(adapter, event.getVersionCut());
                LOG.info(
                        "adapter={} round={} version={} due={} heldout_loss={} gate={}",
                        adapter,
                        event.getVersionCut().getRound(),
                        event.getVersionCut().getVersionId(),
                        event.getVersionCut().getReason(),
                        event.getVersionCut()
                                .getCommand()
                                .getPublishVersion()
                                .getEvaluation()
                                .getHeldoutLoss(),
                        event.getVersionCut()
                                .getCommand()
                                .getPublishVersion()
                                .getPromotion()
                                .getReason());
            }
            default -> {}
        }
    }

    private void raise(AdapterName adapter, Map<Alarms.Alarm, Boolean> changes) {
        changes.forEach((alarm, raised) -> {
            meters.alarm(adapter, alarm.label(), raised);
            if (raised) {
                LOG.warn("adapter={} alarm={} {}", adapter, alarm.label(), alarm.meaning());
            } else {
                LOG.info("adapter={} alarm={} is over", adapter, alarm.label());
            }
        });
    }

    private void drifted(AdapterName adapter, HeadState head) {
        meters.drift(adapter, head.getDrift().getStatistic(), head.getShifts());
        if (head.getShiftRound() == head.getRound()) {
            LOG.info(
                    "adapter={} round={} shift={}: the loss rose; the learning rate rises anew, more is replayed",
                    adapter,
                    head.getRound(),
                    head.getShifts());
        }
    }

    private void committed(AdapterName adapter, Optional<AdapterFold> fold, RoundCommitted round) {
        double loss = round.getLossesList().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
        if (round.getLossesCount() > 0) {
            lastLoss.put(adapter, loss);
        }
        Duration training = Duration.ofMillis(round.getTrainMillis());
        meters.round(adapter, round, loss);
        raise(adapter, alarms.committed(adapter, round));
        fold.ifPresent(f -> drifted(adapter, f.head().state()));
        // A round that an earlier worker planned has no start here; what lies before it was no protocol.
        if (roundStartedNanos.isPresent()) {
            Duration whole = Duration.ofNanos(System.nanoTime() - roundStartedNanos.getAsLong());
            meters.overhead(whole.compareTo(training) > 0 ? whole.minus(training) : Duration.ZERO, training);
        }
        roundStartedNanos = OptionalLong.empty();
        LOG.info(
                "adapter={} round={} examples={} step={} loss={} tokens={} train_ms={} head={}",
                adapter,
                round.getRound(),
                round.getLossesCount(),
                round.getStep(),
                String.format(Locale.ROOT, "%.4f", loss),
                round.getTokens(),
                round.getTrainMillis(),
                fold.map(f -> f.head().digest().hex().substring(0, 12)).orElse(""));
    }

    /** @param joined whether the group has given this worker its partitions, possibly none */
    void publish(
            boolean joined,
            Collection<Lane> lanes,
            Collection<Shard> shards,
            ToLongFunction<Shard> lag,
            Optional<Lane> computing,
            RegistryView view,
            Instant now) {
        recovered = joined && shards.stream().allMatch(Shard::ready);
        partitions = shards.stream().filter(Shard::ready).map(Shard::partition).collect(Collectors.toUnmodifiableSet());
        if (recovered) {
            recovering = "";
        }
        if (now.isBefore(next)) {
            return;
        }
        next = now.plus(EVERY);
        shards.forEach(shard -> meters.lag(shard.partition(), lag.applyAsLong(shard)));
        List<AdapterStatus> statuses = new ArrayList<>();
        for (Lane lane : lanes) {
            meters.waiting(lane.adapter(), lane.waiting());
            statuses.add(status(lane, computing, view.adapter(lane.adapter()), now));
        }
        statuses.sort(Comparator.comparing(AdapterStatus::adapter));
        adapters = List.copyOf(statuses);
    }

    private AdapterStatus status(Lane lane, Optional<Lane> computing, Optional<AdapterEntry> entry, Instant now) {
        Optional<AdapterFold> fold = lane.shard().ready() ? lane.fold() : Optional.empty();
        return new AdapterStatus(
                lane.adapter().toString(),
                lane.shard().partition(),
                state(lane, fold, computing, entry.map(AdapterEntry::paused).orElse(false), now),
                fold.map(f -> f.head().round()).orElse(0L),
                fold.map(f -> f.head().state().getStep()).orElse(0L),
                lastLoss.getOrDefault(lane.adapter(), Double.NaN),
                fold.map(f -> f.head().state().getExamples()).orElse(0L),
                lane.waiting(),
                fold.map(f -> f.head().state().getHeldOutCount()).orElse(0),
                fold.map(f -> f.head().digest().hex()).orElse(""),
                fold.flatMap(AdapterFold::lastCut).map(VersionCut::getVersionId).orElse(""),
                lane.trouble(),
                fold.map(f -> f.head().state().getShifts()).orElse(0L),
                fold.map(Progress::checkpointBytes).orElse(0L),
                alarms.of(lane.adapter()));
    }

    private static long checkpointBytes(AdapterFold fold) {
        return fold.checkpoints().stream()
                .mapToLong(CheckpointStored::getSizeBytes)
                .sum();
    }

    private static String state(
            Lane lane, Optional<AdapterFold> fold, Optional<Lane> computing, boolean paused, Instant now) {
        if (paused) {
            return "paused";
        }
        if (lane.paused(now)) {
            return "waiting";
        }
        if (computing.equals(Optional.of(lane))
                || fold.flatMap(AdapterFold::pending).isPresent()) {
            return "training";
        }
        return lane.waiting() > 0 ? "collecting" : "idle";
    }
}
