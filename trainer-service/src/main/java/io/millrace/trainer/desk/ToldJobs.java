package io.millrace.trainer.desk;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.store.BlobStore;
import io.millrace.trainer.job.JobStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where jobs stand that only the worker of their adapter can do, as that worker tells it beside the blobs, and when it did.
 */
record ToldJobs(JobSnapshots snapshots, Clock clock) {
    private static final Logger LOG = LoggerFactory.getLogger(ToldJobs.class);
    private static final ObjectMapper JSON = new ObjectMapper().registerModule(new Jdk8Module());
    private static final String TOLD_AT = "told_at";
    private static final String STATUS = "status";

    /** @param at empty where an earlier release told it */
    private record Told(JobStatus status, Optional<Instant> at) {}

    /** While they are on record. */
    static ToldJobs atWork(BlobStore store, Clock clock) {
        return new ToldJobs(new JobSnapshots(store, "jobs/at-work/"), clock);
    }

    /** What they came to. */
    static ToldJobs ended(BlobStore store, Clock clock) {
        return new ToldJobs(new JobSnapshots(store, "jobs/ended/"), clock);
    }

    void put(JobStatus status) {
        ObjectNode told = JSON.createObjectNode().put(TOLD_AT, clock.instant().toString());
        told.set(STATUS, JSON.valueToTree(status));
        snapshots.put(status.id(), told.toString().getBytes(StandardCharsets.UTF_8));
    }

    void remove(String job) {
        snapshots.remove(job);
    }

    Optional<JobStatus> get(String job) {
        return told(job).map(Told::status);
    }

    private Optional<Told> told(String job) {
        return snapshots.get(job).map(bytes -> {
            try {
                JsonNode told = JSON.readTree(bytes);
                return told.has(TOLD_AT)
                        ? new Told(
                                JSON.treeToValue(told.path(STATUS), JobStatus.class),
                                Optional.of(Instant.parse(told.path(TOLD_AT).asText())))
                        : new Told(JSON.treeToValue(told, JobStatus.class), Optional.empty());
            } catch (IOException | DateTimeException e) {
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG,
                        "the snapshot " + snapshots.name(job) + " can't be read; delete it and ask for the job again",
                        e);
            }
        });
    }

    /**
     * Deletes what was told that long ago.
     *
     * @param spared jobs that it is still needed of
     */
    void clear(Duration kept, Set<String> spared) {
        Instant now = clock.instant();
        for (String job : snapshots.ids()) {
            if (spared.contains(job)) {
                continue;
            }
            try {
                told(job).ifPresent(told -> clear(told, now.minus(kept)));
            } catch (MillraceException e) {
                if (e.code() != ErrorCode.INCOMPATIBLE_LOG) {
                    throw e;
                }
                LOG.warn("job={} stays: {}", job, e.getMessage());
            }
        }
    }

    private void clear(Told told, Instant before) {
        if (told.at().isEmpty()) {
            put(told.status()); // its time begins now
        } else if (told.at().get().isBefore(before)) {
            remove(told.status().id());
        }
    }
}
