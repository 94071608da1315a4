package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistrySnapshot;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Snapshots of the fold of one log, by cluster and offset; the newest few are kept. */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);
    private static final int KEPT = 3;

    private final SnapshotStore store;
    private final LogIdentity log;

    /** Which log it is: a topic created anew under an old name has another id. */
    record LogIdentity(String clusterId, String topic, String topicId) {}

    Snapshots(SnapshotStore store, LogIdentity log) {
        this.store = store;
        this.log = log;
    }

    /**
     * The newest snapshot that this fold can go on from.
     *
     * @throws MillraceException {@code incompatible_log} where it is one of another topic of that name
     */
    Optional<RegistryState> newest() {
        List<String> names = store.list(prefix());
        for (int i = names.size() - 1; i >= 0; i--) {
            Optional<RegistrySnapshot> snapshot = read(names.get(i));
            if (snapshot.isPresent() && snapshot.get().getFoldVersion() == RegistryState.FOLD_VERSION) {
                if (!snapshot.get().getTopicId().equals(log.topicId())) {
                    throw new MillraceException(
                            ErrorCode.INCOMPATIBLE_LOG,
                            "topic " + log.topic() + " was deleted and created again since the snapshot at offset "
                                    + snapshot.get().getOffset() + ": restore the topic, or remove snapshots/"
                                    + prefix() + " to start with what is left");
                }
                return Optional.of(SnapshotCodec.read(snapshot.get()));
            }
        }
        return Optional.empty();
    }

    void write(RegistryState state) {
        RegistrySnapshot snapshot = SnapshotCodec.write(state).toBuilder()
                .setClusterId(log.clusterId())
                .setTopic(log.topic())
                .setTopicId(log.topicId())
                .build();
        store.write(prefix() + String.format("%019d", state.offset()), compress(snapshot));
        List<String> names = store.list(prefix());
        names.subList(0, Math.max(0, names.size() - KEPT)).forEach(store::delete);
    }

    private String prefix() {
        return "registry/" + log.clusterId() + "/" + log.topic() + "/";
    }

    private Optional<RegistrySnapshot> read(String name) {
        try {
            Optional<byte[]> content = store.read(name);
            if (content.isEmpty()) {
                return Optional.empty();
            }
            try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(content.get()))) {
                return Optional.of(RegistrySnapshot.parseFrom(in));
            }
        } catch (IOException e) {
            LOG.warn("snapshot={} can't be read and is passed over: {}", name, e.getMessage());
            return Optional.empty();
        }
    }

    private static byte[] compress(RegistrySnapshot snapshot) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            snapshot.writeTo(out);
        } catch (IOException e) {
            throw new IllegalStateException("memory can be written to", e);
        }
        return bytes.toByteArray();
    }
}
