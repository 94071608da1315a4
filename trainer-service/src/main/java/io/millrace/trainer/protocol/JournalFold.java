package io.millrace.trainer.protocol;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.JournalSnapshot;
import io.millrace.proto.internal.RoundPlanned;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * One partition of the journal, folded up to an offset. Immutable; the same records give the same fold.
 *
 * @param nextOffset of the first record that isn't in the fold
 */
public record JournalFold(long nextOffset, SortedMap<AdapterName, AdapterFold> adapters) {

    /** What a reader must understand to fold the records that this writes. */
    public static final int FOLD_VERSION = 3;

    public JournalFold {
        adapters = Collections.unmodifiableSortedMap(adapters);
    }

    public static JournalFold empty() {
        return new JournalFold(0, new TreeMap<>());
    }

    public Optional<AdapterFold> adapter(AdapterName name) {
        return Optional.ofNullable(adapters.get(name));
    }

    /**
     * The fold after one more record.
     *
     * @throws MillraceException {@code incompatible_log} where a newer release wrote the record, or where it can't follow
     */
    public JournalFold apply(long offset, long timeMs, JournalRecord record) {
        if (record.getFoldVersion() > FOLD_VERSION) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG,
                    "the journal's record at offset " + offset + " needs fold version " + record.getFoldVersion()
                            + ", this release has " + FOLD_VERSION + ": upgrade this trainer");
        }
        AdapterName name = AdapterName.parse(record.getAdapter());
        TreeMap<AdapterName, AdapterFold> next = new TreeMap<>(adapters);
        AdapterFold before = next.get(name);
        if (before == null && record.hasRoundPlanned()) {
            before = AdapterFold.start(startOf(name, record.getRoundPlanned()), timeMs);
        }
        if (before != null) {
            next.put(name, before.apply(record, timeMs));
        }
        return new JournalFold(offset + 1, next);
    }

    /** An adapter starts with its first plan, which says what from. */
    private static Head startOf(AdapterName name, RoundPlanned first) {
        return Head.genesis(name, first.getGenesis(), first.getSourcePartition(), first.getFrom());
    }

    public JournalSnapshot toSnapshot() {
        JournalSnapshot.Builder snapshot = JournalSnapshot.newBuilder().setNextOffset(nextOffset);
        adapters.values().forEach(adapter -> snapshot.addAdapters(adapter.toSnapshot()));
        return snapshot.build();
    }

    public static JournalFold of(JournalSnapshot snapshot) {
        TreeMap<AdapterName, AdapterFold> adapters = new TreeMap<>();
        snapshot.getAdaptersList()
                .forEach(a -> adapters.put(AdapterName.parse(a.getHead().getAdapter()), AdapterFold.of(a)));
        return new JournalFold(snapshot.getNextOffset(), adapters);
    }
}
