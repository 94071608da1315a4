package io.millrace.trainer.train;

import io.millrace.core.Digest;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one adapter's bits are: on the device, or parked on the host, or in checkpoints alone. A copy on the host that
 * can't be written or read is as good as none: checkpoints bring the adapter back.
 */
final class Resident implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Resident.class);

    private Optional<AdapterTrainer> trainer = Optional.empty();

    /** Digest of the state that the trainer is in; empty while a round moves it. */
    private Optional<Digest> trainerAt = Optional.empty();

    /** Of an adapter that left the device. */
    private Optional<Parked> parked = Optional.empty();

    /** A state of that digest. */
    private record Parked(Digest at, ParkedState copy) {}

    /**
     * Takes a trainer in the place of whatever was there.
     *
     * @param at digest of its state, where that is known
     */
    AdapterTrainer take(AdapterTrainer fresh, Optional<Digest> at) {
        close();
        trainer = Optional.of(fresh);
        trainerAt = at;
        return fresh;
    }

    boolean onDevice() {
        return trainer.isPresent();
    }

    /** The trainer; empty where it isn't on the device in the state of that digest. */
    Optional<AdapterTrainer> trainerAt(Digest wanted) {
        return trainer.filter(t -> trainerAt.equals(Optional.of(wanted)));
    }

    /** A round starts to move the trainer: until {@link #moved} it is nowhere. */
    void moving() {
        trainerAt = Optional.empty();
    }

    /** Says where the trainer is now. */
    Heads.Reached moved() {
        AdapterTrainer moved = trainer.orElseThrow();
        Heads.Reached reached = new Heads.Reached(moved.steps(), moved.stateDigest());
        trainerAt = Optional.of(reached.state());
        return reached;
    }

    /** The state of that digest, off the device; empty where it isn't in memory. */
    Optional<AdapterState> state(Digest wanted) {
        return trainerAt(wanted).map(AdapterTrainer::state).or(() -> parkedState(wanted));
    }

    /** As {@link #state}, of an adapter that left the device. */
    Optional<AdapterState> parkedState(Digest wanted) {
        if (parked.isEmpty() || !parked.get().at().equals(wanted)) {
            return Optional.empty();
        }
        try {
            return Optional.of(parked.get().copy().state());
        } catch (IOException e) {
            LOG.warn("an idle adapter's copy can't be read, so it comes from a checkpoint: {}", e.getMessage());
            return Optional.empty();
        }
    }

    /** Size of the copy on the host. */
    long hostBytes() {
        return parked.map(p -> p.copy().sizeBytes()).orElse(0L);
    }

    /** Keeps a copy on the host, unless the trainer is midway or was never trained. */
    void leaveDevice() {
        if (trainer.isEmpty()) {
            return;
        }
        Optional<Parked> copy =
                trainer.filter(t -> t.steps() > 0).flatMap(t -> trainerAt.flatMap(at -> park(t.state(), at)));
        close();
        parked = copy;
    }

    private static Optional<Parked> park(AdapterState state, Digest at) {
        try {
            return Optional.of(new Parked(at, ParkedState.of(state)));
        } catch (IOException e) {
            LOG.warn(
                    "no room for an idle adapter's copy in {}, so it comes back from a checkpoint: {}",
                    System.getProperty("java.io.tmpdir"),
                    e.getMessage());
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        trainer.ifPresent(AdapterTrainer::close);
        trainer = Optional.empty();
        trainerAt = Optional.empty();
        parked.ifPresent(Resident::close);
        parked = Optional.empty();
    }

    private static void close(Parked parked) {
        try {
            parked.copy().close();
        } catch (IOException e) {
            LOG.warn("an idle adapter's copy can't be closed: {}", e.getMessage());
        }
    }
}
