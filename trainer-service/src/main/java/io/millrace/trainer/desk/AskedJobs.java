package io.millrace.trainer.desk;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.store.BlobStore;
import java.util.List;
import java.util.Optional;

/** What was asked for and hasn't ended, beside the blobs. */
record AskedJobs(JobSnapshots snapshots) {
    private static final int BEGUN_AT_MOST = 4;

    /** For a worker of that id, which is stable over restarts, to go on with. */
    static AskedJobs ofWorker(BlobStore store, String worker) {
        return new AskedJobs(new JobSnapshots(store, "jobs/asked/" + worker + "/"));
    }

    /** For whichever worker trains the adapter. */
    static AskedJobs ofAdapters(BlobStore store) {
        return new AskedJobs(new JobSnapshots(store, "jobs/of-adapters/"));
    }

    void put(String job, AskedJob asked) {
        snapshots.put(job, asked.toByteArray());
    }

    void remove(String job) {
        snapshots.remove(job);
    }

    List<String> ids() {
        return snapshots.ids();
    }

    Optional<AskedJob> get(String job) {
        return snapshots.get(job).map(bytes -> {
            try {
                return AskedJob.parseFrom(bytes);
            } catch (InvalidProtocolBufferException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG,
                        "the snapshot " + snapshots.name(job) + " can't be read; delete it",
                        e);
            }
        });
    }

    /** Counted as begun once more; empty where so many processes began it and never ended it that it may be what ends them. */
    static Optional<AskedJob> again(AskedJob asked) {
        return asked.getResumed() + 1 == BEGUN_AT_MOST
                ? Optional.empty()
                : Optional.of(
                        asked.toBuilder().setResumed(asked.getResumed() + 1).build());
    }
}
