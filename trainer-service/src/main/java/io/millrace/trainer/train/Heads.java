package io.millrace.trainer.train;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.train.AdapterState;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.engine.train.TrainingModel;
import io.millrace.proto.internal.CheckpointStored;
import io.millrace.proto.internal.ComputedRound;
import io.millrace.proto.internal.Genesis;
import io.millrace.proto.internal.HeadState;
import io.millrace.proto.internal.RoundRebased;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.Head;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings an adapter's weights to where its head is: on the device already, from the host, or from a checkpoint with the
 * rounds after it computed again. The least recently used adapters leave the device, later the host. For the training
 * thread alone.
 */
public final class Heads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heads.class);

    private final TrainingModel model;
    private final BlobStore store;
    private final Train train;
    private final int maxOnDevice;
    private final long maxHostBytes;
    private final Map<AdapterName, Resident> residents = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * An adapter's weights where its head is.
     *
     * @param rebased set where they came out with other bits than the head says; to be journaled before going on
     */
    public record Restored(AdapterTrainer trainer, Optional<RoundRebased> rebased) {}

    /** Where a round brought an adapter. */
    public record Reached(long step, Digest state) {}

    public Heads(TrainingModel model, BlobStore store, Train train, int maxOnDevice, long maxHostBytes) {
        this.model = model;
        this.store = store;
        this.train = train;
        this.maxOnDevice = maxOnDevice;
        this.maxHostBytes = maxHostBytes;
    }

    /**
     * The adapter's weights at its head.
     *
     * @throws MillraceException {@code unknown_blob} where no checkpoint is left, {@code store_unavailable}
     */
    public Restored at(AdapterName adapter, AdapterFold fold, BooleanSupplier cancelled) {
        Head head = fold.head();
        Digest wanted = head.stateDigest();
        Resident resident = residents.computeIfAbsent(adapter, a -> new Resident());
        makeRoom(adapter);
        Optional<AdapterTrainer> onDevice = resident.trainerAt(wanted);
        if (onDevice.isPresent()) {
            return new Restored(onDevice.get(), Optional.empty());
        }
        if (head.untrained()) {
            Genesis genesis = head.state().getGenesis();
            return new Restored(
                    resident.take(model.create(Head.lora(genesis), genesis.getSeed()), Optional.of(wanted)),
                    Optional.empty());
        }
        Optional<AdapterState> parked = resident.parkedState(wanted);
        if (parked.isPresent()) {
            return new Restored(resident.take(model.resume(parked.get()), Optional.of(wanted)), Optional.empty());
        }
        resident.close();
        return compute(adapter, fold, resident, cancelled);
    }

    /** From the latest checkpoint that the store still has, with the rounds after it. */
    private Restored compute(AdapterName adapter, AdapterFold fold, Resident resident, BooleanSupplier cancelled) {
        Head head = fold.head();
        Optional<Usable> checkpoint = usableCheckpoint(adapter, fold);
        long from = checkpoint.map(c -> c.stored().getHead().getRound()).orElse(0L);
        long step = checkpoint.map(c -> c.stored().getHead().getStep()).orElse(0L);
        AdapterTrainer fresh = checkpoint.isPresent()
                ? model.resume(checkpoint.get().state())
                : model.create(
                        Head.lora(head.state().getGenesis()),
                        head.state().getGenesis().getSeed());
        AdapterTrainer trainer = resident.take(fresh, Optional.empty());
        List<ComputedRound> rounds = fold.computedAfter(from);
        for (ComputedRound round : rounds) {
            train.train(trainer, step, round.getPlanned(), cancelled);
            step = round.getCommitted().getStep();
        }
        Digest reached = resident.moved().state();
        LOG.info(
                "adapter={} restored round={} from checkpoint={} computed={} digests={}",
                adapter,
                head.round(),
                from,
                rounds.size(),
                reached.equals(head.stateDigest()) ? "match" : "differ");
        return reached.equals(head.stateDigest())
                ? new Restored(trainer, Optional.empty())
                : new Restored(trainer, Optional.of(rebased(adapter, fold, reached)));
    }

    private RoundRebased rebased(AdapterName adapter, AdapterFold fold, Digest reached) {
        if (fold.fingerprint().equals(model.fingerprint())) {
            LOG.error(
                    "adapter={} round={} came out with other bits on the same fingerprint {}; please report this",
                    adapter,
                    fold.head().round(),
                    model.fingerprint());
        }
        return RoundRebased.newBuilder()
                .setRound(fold.head().round())
                .setOldHeadSha256(fold.head().digest().hex())
                .setNewHeadSha256(fold.head().rebased(reached).digest().hex())
                .setOldStateSha256(fold.head().stateDigest().hex())
                .setNewStateSha256(reached.hex())
                .setOldFingerprint(fold.fingerprint())
                .setNewFingerprint(model.fingerprint())
                .build();
    }

    /** A checkpoint with its bytes, which are what its digest says. */
    private record Usable(CheckpointStored stored, AdapterState state) {}

    private Optional<Usable> usableCheckpoint(AdapterName adapter, AdapterFold fold) {
        for (int i = fold.checkpoints().size() - 1; i >= 0; i--) {
            CheckpointStored checkpoint = fold.checkpoints().get(i);
            try {
                return Optional.of(new Usable(checkpoint, load(store, checkpoint)));
            } catch (MillraceException e) {
                if (e.code() != ErrorCode.UNKNOWN_BLOB && e.code() != ErrorCode.DIGEST_MISMATCH) {
                    throw e;
                }
                LOG.error(
                        "adapter={} checkpoint of round={} can't be used: {}",
                        adapter,
                        checkpoint.getHead().getRound(),
                        e.getMessage());
            }
        }
        if (!fold.checkpoints().isEmpty()) {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_BLOB,
                    "no checkpoint of " + adapter + " is left in the store; rebuild the adapter from its journal");
        }
        return Optional.empty();
    }

    /** @throws MillraceException {@code unknown_blob}, {@code digest_mismatch}, {@code store_unavailable} */
    public static AdapterState load(BlobStore store, CheckpointStored checkpoint) {
        return state(checkpoint, store.get(new Digest(checkpoint.getStateBlobSha256())));
    }

    /** @param content that the checkpoint names */
    public static AdapterState state(CheckpointStored checkpoint, byte[] content) {
        HeadState head = checkpoint.getHead();
        return new AdapterState(Head.lora(head.getGenesis()), head.getStep(), content);
    }

    /** A round starts to move the trainer: until {@link #moved} says where it is, it is nowhere. */
    public void moving(AdapterName adapter) {
        residents.get(adapter).moving();
    }

    /** The round was computed; its state becomes the head's when the commit is written. */
    public Reached moved(AdapterName adapter) {
        return residents.get(adapter).moved();
    }

    /** The head's state; empty where it isn't in memory. */
    public Optional<AdapterState> state(AdapterName adapter, Head head) {
        return Optional.ofNullable(residents.get(adapter)).flatMap(r -> r.state(head.stateDigest()));
    }

    /** Frees device and host memory of an adapter that isn't trained here any more. */
    public void drop(AdapterName adapter) {
        Optional.ofNullable(residents.remove(adapter)).ifPresent(Resident::close);
    }

    /** Frees device memory of an idle adapter. */
    public void leaveDevice(AdapterName adapter) {
        Optional.ofNullable(residents.get(adapter)).ifPresent(Resident::leaveDevice);
    }

    public boolean onDevice(AdapterName adapter) {
        return Optional.ofNullable(residents.get(adapter))
                .filter(Resident::onDevice)
                .isPresent();
    }

    private void makeRoom(AdapterName forAdapter) {
        List<Resident> others = residents.entrySet().stream()
                .filter(e -> !e.getKey().equals(forAdapter))
                .map(Map.Entry::getValue)
                .toList();
        long onDevice = others.stream().filter(Resident::onDevice).count() + 1;
        long hostBytes =
                residents.values().stream().mapToLong(Resident::hostBytes).sum();
        for (Resident eldest : others) {
            if (onDevice > maxOnDevice && eldest.onDevice()) {
                eldest.leaveDevice();
                onDevice--;
            }
            if (hostBytes > maxHostBytes && eldest.hostBytes() > 0) {
                hostBytes -= eldest.hostBytes();
                eldest.close();
            }
        }
    }

    @Override
    public void close() {
        residents.values().forEach(Resident::close);
        residents.clear();
    }
}
