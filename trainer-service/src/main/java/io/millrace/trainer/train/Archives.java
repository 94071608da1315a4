package io.millrace.trainer.train;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.store.BlobStore;
import io.millrace.trainer.protocol.CrashPoint;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The examples of each round as one blob: {@link CuratedExample} messages one after another, each preceded by its length
 * as a varint. The same examples give the same bytes. Keeps the latest few in memory. For the training thread alone.
 */
public final class Archives {
    private static final int CACHED = 256;
    private static final String ERASED = "erased/archives/";

    private final BlobStore store;
    private final Map<Digest, List<CuratedExample>> cache = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, List<CuratedExample>> eldest) {
            return size() > CACHED;
        }
    };

    public Archives(BlobStore store) {
        this.store = store;
    }

    public Digest put(List<CuratedExample> examples) {
        Digest digest = store.put(encode(examples));
        cache.put(digest, List.copyOf(examples));
        return digest;
    }

    /** @throws MillraceException {@code unknown_blob}, {@code digest_mismatch}, {@code store_unavailable} */
    public List<CuratedExample> get(Digest archive) {
        List<CuratedExample> cached = cache.get(archive);
        if (cached != null) {
            return cached;
        }
        List<CuratedExample> examples = decode(content(archive));
        cache.put(archive, examples);
        return examples;
    }

    /** An archive that some examples were erased from stands elsewhere, the others of it unchanged. */
    private byte[] content(Digest archive) {
        try {
            return store.get(archive);
        } catch (MillraceException e) {
            if (e.code() != ErrorCode.UNKNOWN_BLOB) {
                throw e;
            }
            return content(insteadOf(archive).orElseThrow(() -> e));
        }
    }

    private Optional<Digest> insteadOf(Digest archive) {
        return store.getSnapshot(ERASED + archive.hex())
                .map(digest -> new Digest(new String(digest, StandardCharsets.UTF_8)));
    }

    /** Empties the memory of what was read and written. */
    public void clear() {
        cache.clear();
    }

    /** What stays of an example: that there was one, and where it came from. */
    public static CuratedExample erased(CuratedExample example) {
        return CuratedExample.newBuilder()
                .setAdapter(example.getAdapter())
                .setExampleId(example.getExampleId())
                .setHeldOut(example.getHeldOut())
                .setSource(example.getSource().toBuilder().clearKey())
                .setForgotten(true)
                .build();
    }

    /**
     * Erases examples from an archive: what is left of it is stored elsewhere and found through the old name, and the old
     * bytes are deleted, in this order.
     *
     * @return whether any of them was in it
     */
    boolean erase(Digest archive, Set<String> exampleIds) {
        List<CuratedExample> examples = decode(store.get(archive));
        Predicate<CuratedExample> meant = e -> !e.getForgotten() && exampleIds.contains(e.getExampleId());
        if (examples.stream().noneMatch(meant)) {
            return false;
        }
        Digest left = store.put(
                encode(examples.stream().map(e -> meant.test(e) ? erased(e) : e).toList()));
        store.putSnapshot(ERASED + archive.hex(), left.hex().getBytes(StandardCharsets.UTF_8));
        CrashPoint.MID_ARCHIVES.pass();
        store.delete(archive);
        cache.remove(archive);
        return true;
    }

    public CuratedExample get(ExampleRef reference) {
        return get(new Digest(reference.getArchiveSha256())).get(reference.getArchiveIndex());
    }

    static byte[] encode(List<CuratedExample> examples) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            for (CuratedExample example : examples) {
                example.writeDelimitedTo(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    static List<CuratedExample> decode(byte[] content) {
        ByteArrayInputStream in = new ByteArrayInputStream(content);
        List<CuratedExample> examples = new ArrayList<>();
        try {
            while (in.available() > 0) {
                examples.add(CuratedExample.parseDelimitedFrom(in));
            }
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.DIGEST_MISMATCH, "an archive of examples can't be read", e);
        }
        return List.copyOf(examples);
    }
}
