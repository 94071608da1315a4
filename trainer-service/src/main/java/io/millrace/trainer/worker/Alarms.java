package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.PlannedRecord;
import io.millrace.proto.internal.RoundAbandoned;
import io.millrace.proto.internal.RoundCommitted;
import io.millrace.proto.internal.RoundPlanned;
import io.millrace.trainer.protocol.Head;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The red flags of training: each is raised by a round that shows it, and lowered by the next that doesn't. */
final class Alarms {
    /** A norm that many times the usual one explodes. */
    private static final double EXPLODES = 10;

    /** Rounds before a norm is usual. */
    private static final int USUAL_AFTER = 5;

    private final Map<AdapterName, Watched> adapters = new HashMap<>();

    /** What can be wrong. */
    enum Alarm {
        LOSS_NOT_FINITE("a round's loss or gradient wasn't finite: lower lr or look at the examples"),
        MOSTLY_TRUNCATED("most sequences lost prompt tokens: raise max-length or shorten the prompts"),
        LEARNING_RATE_UNUSUAL("the learning rate is outside the usual bounds"),
        NOTHING_LABELLED("no example of the round had a token to train on"),
        GRADIENT_EXPLODES("the gradient norm is more than ten times the usual one");

        private final String meaning;

        Alarm(String meaning) {
            this.meaning = meaning;
        }

        String meaning() {
            return meaning;
        }

        /** As metrics and the status name it. */
        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final class Watched {
        private final Set<Alarm> raised = EnumSet.noneOf(Alarm.class);
        private double usualNorm;
        private int rounds;
    }

    /** Those that the plan raises or lowers, with which of the two. */
    Map<Alarm, Boolean> planned(AdapterName adapter, RoundPlanned plan) {
        List<PlannedRecord> fresh = Head.fresh(plan);
        long truncated = fresh.stream().filter(PlannedRecord::getTruncated).count();
        boolean noneLabelled = fresh.isEmpty()
                && plan.getRecordsList().stream()
                        .anyMatch(r -> r.getCode().equals(ErrorCode.NO_TRAINABLE_TOKENS.code()));
        Map<Alarm, Boolean> now = new EnumMap<>(Alarm.class);
        now.put(Alarm.NOTHING_LABELLED, noneLabelled);
        if (!fresh.isEmpty()) {
            now.put(Alarm.MOSTLY_TRUNCATED, truncated * 2 > fresh.size());
            now.put(
                    Alarm.LEARNING_RATE_UNUSUAL,
                    !AdapterSettings.isUsualRate(plan.getHyperparameters().getLearningRate()));
        }
        return changed(adapter, now);
    }

    Map<Alarm, Boolean> committed(AdapterName adapter, RoundCommitted round) {
        if (round.getGradNormsCount() == 0) {
            return Map.of();
        }
        Watched watched = adapters.computeIfAbsent(adapter, a -> new Watched());
        double norm = Collections.max(round.getGradNormsList());
        boolean explodes = watched.rounds >= USUAL_AFTER && norm > EXPLODES * watched.usualNorm;
        if (!explodes) {
            watched.rounds++;
            watched.usualNorm += (norm - watched.usualNorm) / Math.min(watched.rounds, 20);
        }
        return changed(adapter, Map.of(Alarm.GRADIENT_EXPLODES, explodes, Alarm.LOSS_NOT_FINITE, false));
    }

    Map<Alarm, Boolean> abandoned(AdapterName adapter, RoundAbandoned round) {
        return round.getCode().equals(ErrorCode.NON_FINITE.code())
                ? changed(adapter, Map.of(Alarm.LOSS_NOT_FINITE, true))
                : Map.of();
    }

    /** Raised now, by their labels. */
    List<String> of(AdapterName adapter) {
        Watched watched = adapters.get(adapter);
        return watched == null
                ? List.of()
                : watched.raised.stream().map(Alarm::label).toList();
    }

    private Map<Alarm, Boolean> changed(AdapterName adapter, Map<Alarm, Boolean> now) {
        Set<Alarm> raised = adapters.computeIfAbsent(adapter, a -> new Watched()).raised;
        Map<Alarm, Boolean> changes = new EnumMap<>(Alarm.class);
        now.forEach((alarm, on) -> {
            if (on ? raised.add(alarm) : raised.remove(alarm)) {
                changes.put(alarm, on);
            }
        });
        return changes;
    }
}
