package io.millrace.router.lease;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.registry.VersionEntry;
import io.millrace.router.RouterMetrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

/**
 * The device tier: versions by id, each loaded once however many ask for it, pinned while leased, else evicted least
 * recently used first when together they exceed the budget. Pinned versions alone may exceed it.
 */
public final class AdapterCache implements AutoCloseable {
    private final Function<VersionEntry, AdapterWeights> weights;
    private final Function<AdapterWeights, LoadedAdapter> device;
    private final long maxBytes;
    private final Executor loaders;
    private final RouterMetrics metrics;

    private final Object lock = new Object();
    private final Map<VersionId, Slot> slots = new LinkedHashMap<>(16, 0.75f, true); // guarded by lock
    private long loadedBytes; // guarded by lock

    private static final class Slot {
        final CompletableFuture<LoadedAdapter> loading = new CompletableFuture<>();
        int pins;
        long bytes; // 0 until loaded
    }

    /**
     * @param weights a version's verified weights; its exception becomes that of the lease
     * @param device brings weights to the device
     * @param loaders runs both
     */
    public AdapterCache(
            Function<VersionEntry, AdapterWeights> weights,
            Function<AdapterWeights, LoadedAdapter> device,
            long maxBytes,
            Executor loaders,
            RouterMetrics metrics) {
        this.weights = weights;
        this.device = device;
        this.maxBytes = maxBytes;
        this.loaders = loaders;
        this.metrics = metrics;
        metrics.gauge("millrace.router.device.bytes", "Bytes of adapters in device memory", this::loadedBytes);
        metrics.intGauge("millrace.router.device.adapters", "Adapter versions in device memory", this::size);
    }

    /** Completes when the version is on the device. The caller closes the lease; cancelling the future isn't enough. */
    public CompletableFuture<Lease> acquire(VersionEntry version) {
        Slot slot;
        boolean first;
        synchronized (lock) {
            slot = slots.get(version.id());
            first = slot == null;
            if (first) {
                slot = new Slot();
                slots.put(version.id(), slot);
            }
            slot.pins++;
        }
        if (first) {
            metrics.cacheMiss();
            start(version, slot);
        } else {
            metrics.cacheHit();
        }
        Slot pinned = slot;
        return slot.loading.thenApply(adapter -> new Lease(version, adapter, () -> release(pinned)));
    }

    public boolean isLoaded(VersionId id) {
        synchronized (lock) {
            Slot slot = slots.get(id);
            return slot != null && slot.bytes > 0;
        }
    }

    private void start(VersionEntry version, Slot slot) {
        try {
            loaders.execute(() -> load(version, slot));
        } catch (RuntimeException e) {
            fail(version, slot, new MillraceException(ErrorCode.NOT_READY, "the router is shutting down", e));
        }
    }

    private void load(VersionEntry version, Slot slot) {
        long start = System.nanoTime();
        LoadedAdapter adapter;
        try {
            adapter = device.apply(weights.apply(version));
        } catch (MillraceException e) {
            fail(version, slot, e);
            return;
        } catch (RuntimeException | Error e) {
            fail(
                    version,
                    slot,
                    new MillraceException(
                            ErrorCode.INTERNAL,
                            version.adapter() + " " + version.ordinalName() + " couldn't be loaded: " + e,
                            e));
            return;
        }
        List<LoadedAdapter> evicted;
        synchronized (lock) {
            slot.bytes = Math.max(1, adapter.sizeBytes());
            loadedBytes += slot.bytes;
            evicted = evict();
        }
        close(evicted);
        metrics.loaded(Duration.ofNanos(System.nanoTime() - start));
        slot.loading.complete(adapter);
    }

    private void fail(VersionEntry version, Slot slot, MillraceException error) {
        synchronized (lock) {
            slots.remove(version.id(), slot);
        }
        metrics.loadFailed(error.code().code());
        slot.loading.completeExceptionally(error);
    }

    private void release(Slot slot) {
        List<LoadedAdapter> evicted;
        synchronized (lock) {
            slot.pins--;
            evicted = evict();
        }
        close(evicted);
    }

    /** Takes the eldest unpinned versions out until the rest fits; the caller closes them outside the lock. */
    private List<LoadedAdapter> evict() {
        List<LoadedAdapter> evicted = new ArrayList<>();
        for (Iterator<Slot> eldest = slots.values().iterator(); loadedBytes > maxBytes && eldest.hasNext(); ) {
            Slot slot = eldest.next();
            if (slot.pins == 0 && slot.loading.isDone()) {
                eldest.remove();
                loadedBytes -= slot.bytes;
                evicted.add(slot.loading.join());
            }
        }
        return evicted;
    }

    private void close(List<LoadedAdapter> evicted) {
        for (LoadedAdapter adapter : evicted) {
            adapter.close();
            metrics.evicted();
        }
    }

    private long loadedBytes() {
        synchronized (lock) {
            return loadedBytes;
        }
    }

    private int size() {
        synchronized (lock) {
            return slots.size();
        }
    }

    /** Frees every version that isn't pinned; pinned ones go with their generator. */
    @Override
    public void close() {
        List<LoadedAdapter> rest = new ArrayList<>();
        synchronized (lock) {
            slots.values().removeIf(slot -> {
                boolean idle = slot.pins == 0 && slot.bytes > 0;
                if (idle) {
                    loadedBytes -= slot.bytes;
                    rest.add(slot.loading.join());
                }
                return idle;
            });
        }
        rest.forEach(LoadedAdapter::close);
    }
}
