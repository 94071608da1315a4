package io.millrace.trainer.proof;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.store.BlobStore;
import java.util.SortedMap;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one worker was asked for and hasn't ended, beside the blobs: it goes on with it after a restart.
 *
 * @param worker its id, stable over restarts
 */
public record AskedJobs(BlobStore store, String worker) {
    private static final Logger LOG = LoggerFactory.getLogger(AskedJobs.class);
    private static final int RESUMED_AT_MOST = 3;

    void put(String job, AskedJob asked) {
        store.putSnapshot(prefix() + job, asked.toByteArray());
    }

    void remove(String job) {
        store.deleteSnapshot(prefix() + job);
    }

    private SortedMap<String, AskedJob> all() {
        SortedMap<String, AskedJob> all = new TreeMap<>();
        for (String name : store.listSnapshots(prefix())) {
            store.getSnapshot(name).ifPresent(bytes -> all.put(name.substring(prefix().length()), read(name, bytes)));
        }
        return all;
    }

    /**
     * Those to go on with, counted as begun once more; what three processes in a row haven't ended is given up, since it may
     * be what ends them.
     */
    public SortedMap<String, AskedJob> resumed() {
        SortedMap<String, AskedJob> resumed = new TreeMap<>();
        all().forEach((job, asked) -> {
            if (asked.getResumed() == RESUMED_AT_MOST) {
                LOG.error("job={} was begun {} times and never ended; given up", job, RESUMED_AT_MOST + 1);
                remove(job);
            } else {
                resumed.put(
                        job,
                        asked.toBuilder().setResumed(asked.getResumed() + 1).build());
            }
        });
        return resumed;
    }

    private static AskedJob read(String name, byte[] bytes) {
        try {
            return AskedJob.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new MillraceException(
                    ErrorCode.INCOMPATIBLE_LOG, "the snapshot " + name + " can't be read; delete it", e);
        }
    }

    private String prefix() {
        return "jobs/asked/" + worker + "/";
    }
}
