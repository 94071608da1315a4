package io.millrace.bench.chaos;

import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.KafkaRegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.registry.SnapshotStore;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Each version that was cut can be seen, once, and is whole: every file has the bytes that its digest names. */
final class Versions {
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Findings findings;

    Versions(Findings findings) {
        this.findings = findings;
    }

    /** @return versions that are published */
    int check(KafkaSettings kafka, BlobStore store, List<String> cut) throws InterruptedException {
        RegistryView registry = fold(kafka);
        Set<String> published = new HashSet<>();
        for (AdapterEntry adapter : registry.adapters()) {
            for (VersionEntry version : adapter.versions()) {
                if (!published.add(version.id().hex())) {
                    findings.twice("version " + version.id() + " is published");
                }
                whole(store, version);
            }
        }
        cut.stream()
                .filter(id -> !published.contains(id))
                .forEach(id -> findings.lost("version " + id + " was cut and isn't published"));
        published.stream()
                .filter(id -> !cut.contains(id))
                .forEach(id -> findings.wrong("version " + id + " is published and was never cut"));
        return published.size();
    }

    private void whole(BlobStore store, VersionEntry version) {
        for (VersionEntry.FileEntry file : version.files()) {
            try {
                byte[] content = store.get(file.sha256());
                if (content.length != file.sizeBytes()) {
                    findings.wrong(file.name() + " of version " + version.id() + " has another size");
                }
                if (file.name().equals(Manifest.FILE)
                        && !Manifest.parse(content).id().equals(version.id())) {
                    findings.wrong("the manifest of version " + version.id() + " is another version's");
                }
            } catch (MillraceException e) {
                findings.lost(file.name() + " of version " + version.id() + ": " + e.getMessage());
            }
        }
    }

    private static RegistryView fold(KafkaSettings kafka) throws InterruptedException {
        try (KafkaRegistryLog log = KafkaRegistryLog.start(kafka, SnapshotStore.none())) {
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!log.ready() && System.nanoTime() < deadline) {
                Thread.sleep(50);
            }
            return log.view();
        }
    }
}
