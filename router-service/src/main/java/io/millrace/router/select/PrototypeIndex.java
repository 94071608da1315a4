package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.embedding.Prototypes;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Each champion's prototypes in memory. Those that can't be read stay as they were until they can be. */
public final class PrototypeIndex implements Supplier<Map<AdapterName, Prototypes>> {
    private static final Logger LOG = LoggerFactory.getLogger(PrototypeIndex.class);

    private final Function<Digest, byte[]> blobs;
    private volatile SortedMap<AdapterName, Entry> entries = new TreeMap<>();
    private volatile Map<AdapterName, Prototypes> prototypes = Map.of();

    private record Entry(Digest digest, Prototypes prototypes) {}

    public PrototypeIndex(Function<Digest, byte[]> blobs) {
        this.blobs = blobs;
    }

    @Override
    public Map<AdapterName, Prototypes> get() {
        return prototypes;
    }

    /** Called by one thread with every view. */
    public void follow(RegistryView view) {
        SortedMap<AdapterName, Entry> next = new TreeMap<>(Comparator.naturalOrder());
        for (AdapterEntry adapter : view.adapters()) {
            Optional<Digest> digest = adapter.champion()
                    .flatMap(id -> view.version(adapter.name(), id))
                    .flatMap(VersionEntry::prototypes);
            digest.flatMap(d -> entry(adapter.name(), d)).ifPresent(e -> next.put(adapter.name(), e));
        }
        if (!next.equals(entries)) {
            SortedMap<AdapterName, Prototypes> published = new TreeMap<>();
            next.forEach((name, entry) -> published.put(name, entry.prototypes()));
            entries = next;
            prototypes = published;
        }
    }

    private Optional<Entry> entry(AdapterName name, Digest digest) {
        Entry known = entries.get(name);
        if (known != null && known.digest().equals(digest)) {
            return Optional.of(known);
        }
        try {
            return Optional.of(new Entry(digest, Prototypes.decode(blobs.apply(digest))));
        } catch (RuntimeException e) {
            LOG.warn("prototypes of adapter={} can't be read: {}", name, e.getMessage());
            return Optional.ofNullable(known);
        }
    }
}
