package io.millrace.trainer.train;

import com.google.protobuf.CodedInputStream;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.store.BlobStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Erases examples of one adapter from every archive that the store has, named by a plan or not: those of rebuilds, and of
 * rounds that were archived and then planned otherwise, are named by nothing.
 */
public record EraseArchives(BlobStore store, AdapterName adapter) {
    private static final int ADAPTER_AT_MOST = 600;
    private static final int ADAPTER_TAG = CuratedExample.ADAPTER_FIELD_NUMBER << 3 | 2;

    /**
     * @return how many archives were changed
     * @throws Train.CancelledException between archives
     * @throws MillraceException {@code store_unavailable}
     */
    public int erase(Set<String> exampleIds, BooleanSupplier cancelled) {
        List<Digest> ofAdapter = new ArrayList<>();
        store.forEach(blob -> {
            if (cancelled.getAsBoolean()) {
                throw new Train.CancelledException();
            }
            if (isArchive(blob)) {
                ofAdapter.add(blob);
            }
        });
        Archives archives = new Archives(store);
        int erased = 0;
        for (Digest archive : ofAdapter) {
            if (cancelled.getAsBoolean()) {
                throw new Train.CancelledException();
            }
            erased += erase(archives, archive, exampleIds) ? 1 : 0;
        }
        return erased;
    }

    private static boolean erase(Archives archives, Digest archive, Set<String> exampleIds) {
        try {
            return archives.erase(archive, exampleIds);
        } catch (MillraceException e) {
            if (e.code() == ErrorCode.UNKNOWN_BLOB) {
                return false; // gone since it was named
            }
            throw e;
        }
    }

    /** Whether it starts as an archive of the adapter does: an example's length, the field of its adapter, its name. */
    private boolean isArchive(Digest blob) {
        try (InputStream start = store.open(blob, 0, ADAPTER_AT_MOST)) {
            CodedInputStream in = CodedInputStream.newInstance(start.readAllBytes());
            return in.readRawVarint32() > 0
                    && in.readTag() == ADAPTER_TAG
                    && in.readString().equals(adapter.toString());
        } catch (IOException e) {
            return false; // something else: no message starts so
        } catch (MillraceException e) {
            if (e.code() == ErrorCode.UNKNOWN_BLOB) {
                return false;
            }
            throw e;
        }
    }
}
