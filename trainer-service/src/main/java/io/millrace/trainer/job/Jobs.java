package io.millrace.trainer.job;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.trainer.train.Train;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs jobs one after another on the thread {@code trainer-jobs}, and remembers the last of them. */
public final class Jobs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Jobs.class);
    private static final int REMEMBERED = 200;
    private static final Duration CLOSE = Duration.ofSeconds(20);

    private final ExecutorService thread = ComputeThread.executor("trainer-jobs");
    private final Map<String, Entry> jobs = new LinkedHashMap<>();
    private final Map<Entry, Job> waiting = new ConcurrentHashMap<>();
    private volatile boolean closing;

    private static final class Entry {
        private volatile JobStatus status;
        private volatile boolean cancelled;

        private Entry(JobStatus status) {
            this.status = status;
        }
    }

    /**
     * Queues a job. One of the same id that hasn't ended yet is left as it is.
     *
     * @param id names the work: the same work has the same id
     */
    public synchronized JobStatus submit(String id, Job job) {
        Entry known = jobs.get(id);
        if (known != null && !known.status.ended()) {
            return known.status;
        }
        Entry entry = new Entry(JobStatus.queued(id, job));
        jobs.remove(id);
        jobs.put(id, entry);
        jobs.values().removeIf(e -> jobs.size() > REMEMBERED && e.status.ended());
        waiting.put(entry, job);
        thread.execute(() -> take(entry).ifPresent(taken -> run(entry, taken)));
        return entry.status;
    }

    public synchronized List<JobStatus> list() {
        List<JobStatus> all = new ArrayList<>();
        jobs.values().forEach(entry -> all.add(entry.status));
        return all;
    }

    public Optional<JobStatus> get(String id) {
        return entry(id).map(entry -> entry.status);
    }

    /** Has a job stop soon, and one that hasn't begun at once; one that has ended stays as it is. */
    public Optional<JobStatus> cancel(String id) {
        Optional<Entry> found = entry(id);
        found.ifPresent(entry -> {
            entry.cancelled = true;
            take(entry).ifPresent(job -> {
                job.dropped();
                entry.status = entry.status.cancelled();
            });
        });
        return found.map(entry -> entry.status);
    }

    private synchronized Optional<Entry> entry(String id) {
        return Optional.ofNullable(jobs.get(id));
    }

    /** A job that waits, to begin with it or to drop it: whoever is first. */
    private Optional<Job> take(Entry entry) {
        return Optional.ofNullable(waiting.remove(entry));
    }

    private void run(Entry entry, Job job) {
        if (closing) {
            entry.status = entry.status.cancelled();
            return;
        }
        LOG.info("job={} kind={} adapter={} started", entry.status.id(), job.kind(), job.adapter());
        entry.status = entry.status.progress(0, 0, "");
        try {
            JsonNode result = job.run(new Job.Watch() {
                @Override
                public void progress(long done, long of, String note) {
                    entry.status = entry.status.progress(done, of, note);
                }

                @Override
                public boolean cancelled() {
                    return entry.cancelled || closing;
                }

                @Override
                public boolean stopping() {
                    return closing && !entry.cancelled;
                }
            });
            end(entry, status -> status.succeeded(result));
        } catch (Train.CancelledException e) {
            end(entry, JobStatus::cancelled);
        } catch (MillraceException e) {
            end(entry, status -> status.failed(e));
        } catch (RuntimeException | LinkageError | OutOfMemoryError e) {
            LOG.error("job={} failed: {}", entry.status.id(), e.toString(), e);
            MillraceException failure = new MillraceException(ErrorCode.INTERNAL, e.toString(), e);
            end(entry, status -> status.failed(failure));
        }
    }

    private static void end(Entry entry, UnaryOperator<JobStatus> how) {
        entry.status = how.apply(entry.status);
        LOG.info(
                "job={} kind={} adapter={} state={} {}",
                entry.status.id(),
                entry.status.kind(),
                entry.status.adapter(),
                entry.status.state(),
                entry.status.error().map(JobStatus.Failure::message).orElse(""));
    }

    /** Lets the running job stop at its next step. */
    @Override
    public void close() {
        closing = true;
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.error("a job is still being computed after {}; leaving it behind", CLOSE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
