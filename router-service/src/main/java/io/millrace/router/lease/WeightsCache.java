package io.millrace.router.lease;

import io.millrace.core.AdapterWeights;
import io.millrace.core.VersionId;
import io.millrace.registry.VersionEntry;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** The host tier: decoded weights by version id, within a budget of bytes, least recently used first out. */
public final class WeightsCache implements Function<VersionEntry, AdapterWeights> {
    private final Function<VersionEntry, AdapterWeights> loader;
    private final long maxBytes;
    private final Map<VersionId, AdapterWeights> kept = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    public WeightsCache(Function<VersionEntry, AdapterWeights> loader, long maxBytes) {
        this.loader = loader;
        this.maxBytes = maxBytes;
    }

    @Override
    public AdapterWeights apply(VersionEntry version) {
        synchronized (this) {
            AdapterWeights weights = kept.get(version.id());
            if (weights != null) {
                return weights;
            }
        }
        AdapterWeights weights = loader.apply(version);
        keep(version.id(), weights);
        return weights;
    }

    private synchronized void keep(VersionId id, AdapterWeights weights) {
        if (weights.sizeBytes() > maxBytes || kept.putIfAbsent(id, weights) != null) {
            return;
        }
        bytes += weights.sizeBytes();
        Iterator<AdapterWeights> eldest = kept.values().iterator();
        while (bytes > maxBytes) {
            bytes -= eldest.next().sizeBytes();
            eldest.remove();
        }
    }
}
