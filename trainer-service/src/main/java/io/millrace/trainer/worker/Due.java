package io.millrace.trainer.worker;

import io.millrace.core.AdapterSettings;
import io.millrace.trainer.protocol.AdapterFold;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** What an adapter needs next, by its journal, its settings and the clock. */
final class Due {
    /** Bytes of JSON that make a token, roughly: a round's tokens are counted when it is planned. */
    private static final int BYTES_PER_TOKEN = 4;

    private Due() {}

    /** The steps of the protocol. */
    enum Step {
        PLAN,
        TRAIN,
        RETRY,
        ABANDON,
        CUT
    }

    /**
     * The next step, or none.
     *
     * @param paused by hand: nothing is planned or trained
     * @param published whether the registry shows the last version
     * @param now by a steady clock, which the lane's times are of
     * @param wall by the system's clock, which the journal's times are of
     */
    static Optional<Step> next(
            Lane lane, AdapterSettings settings, boolean paused, boolean published, Instant now, Instant wall) {
        if (lane.paused(now)) {
            return Optional.empty();
        }
        Optional<AdapterFold> fold = lane.fold();
        if (fold.flatMap(AdapterFold::pending).isPresent()) {
            return paused
                    ? Optional.empty()
                    : Optional.of(pending(lane, fold.get().pending().get().exhausted()));
        }
        if (lane.held(now)) {
            return Optional.empty();
        }
        if (fold.isPresent()
                && published
                && cutReason(lane, fold.get(), settings, wall).isPresent()) {
            return Optional.of(Step.CUT);
        }
        return !paused && roundFull(lane, settings, now) ? Optional.of(Step.PLAN) : Optional.empty();
    }

    private static Step pending(Lane lane, boolean exhausted) {
        if (lane.hopelessness().isPresent()) {
            return Step.ABANDON;
        }
        if (lane.interruption().isEmpty()) {
            return Step.TRAIN;
        }
        return exhausted ? Step.ABANDON : Step.RETRY;
    }

    private static boolean roundFull(Lane lane, AdapterSettings settings, Instant now) {
        if (lane.waitingSince().isEmpty()) {
            return false;
        }
        return lane.waiting() >= settings.roundMaxExamples()
                || lane.waitingBytes() >= (long) BYTES_PER_TOKEN * settings.roundMaxTokens()
                || lane.cutRequested()
                || !now.isBefore(lane.waitingSince().get().plus(settings.roundMaxWait()));
    }

    /** What makes a version due; empty where none is. */
    static Optional<String> cutReason(Lane lane, AdapterFold fold, AdapterSettings settings, Instant wall) {
        if (!fold.trainedSinceCut()) {
            return Optional.empty();
        }
        if (lane.cutReached()) {
            return Optional.of("requested");
        }
        if (fold.sinceCut().size() >= settings.versionEveryRounds()) {
            return Optional.of("every " + settings.versionEveryRounds() + " rounds");
        }
        if (passed(fold.lastCutMs(), settings.versionMaxAge(), wall)) {
            return Optional.of("max age " + settings.versionMaxAge());
        }
        if (lane.waiting() == 0 && passed(fold.lastRoundMs(), settings.versionMaxIdle(), wall)) {
            return Optional.of("idle " + settings.versionMaxIdle());
        }
        return Optional.empty();
    }

    /** Also where the clock was set back meanwhile, so that what is on record lies ahead. */
    private static boolean passed(long sinceMs, Duration wait, Instant wall) {
        return Duration.between(Instant.ofEpochMilli(sinceMs), wall).abs().compareTo(wait) >= 0;
    }
}
