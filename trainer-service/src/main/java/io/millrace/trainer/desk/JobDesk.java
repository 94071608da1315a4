package io.millrace.trainer.desk;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.AskedJob;
import io.millrace.trainer.forget.ForgetJob;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.job.Jobs;
import io.millrace.trainer.proof.ProofContext;
import io.millrace.trainer.proof.RebuildJob;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes in what is asked for, on record from then on until it has ended. What only the worker can do that trains the
 * adapter (its head must stand still) is on record for whichever worker that is: asked for, told and cancelled at any
 * trainer's door, done where the adapter is trained, now or after it has moved. The thread {@code trainer-job-desk} looks
 * for such, and tells how far they are.
 */
public final class JobDesk implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(JobDesk.class);
    private static final Duration LOOK_EVERY = Duration.ofSeconds(1);
    private static final Duration TIDY_EVERY = Duration.ofHours(1);

    private final ProofContext proofs;
    private final Jobs jobs;
    private final AskedJobs own;
    private final AdapterJobs ofAdapters;
    private final JobNews news;
    private final Predicate<AdapterName> trainedHere;
    private final BooleanSupplier ready;
    private final Clock clock;
    private final Thread thread = new Thread(this::look, "trainer-job-desk");
    private final CountDownLatch closing = new CountDownLatch(1);
    private boolean resumed;
    private Instant tidied = Instant.EPOCH;

    /**
     * @param trainedHere whether this trainer's worker has the adapter now
     * @param ready whether jobs can be done
     * @param clock by which what jobs came to is kept
     */
    public JobDesk(
            ProofContext proofs, Jobs jobs, Predicate<AdapterName> trainedHere, BooleanSupplier ready, Clock clock) {
        this.proofs = proofs;
        this.jobs = jobs;
        this.own = AskedJobs.ofWorker(proofs.store(), proofs.actor());
        this.ofAdapters = AdapterJobs.in(proofs.store(), clock);
        this.news = new JobNews(ofAdapters.atWork());
        this.trainedHere = trainedHere;
        this.ready = ready;
        this.clock = clock;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** @throws MillraceException {@code bad_setting}, {@code store_unavailable} */
    public JobStatus submit(String id, AskedJob asked) {
        Job job = job(id, asked);
        if (!forTheAdaptersWorker(asked)) {
            return jobs.submit(id, LastingJob.of(own, id, asked, job));
        }
        Optional<JobStatus> underWay = get(id).filter(status -> !status.ended());
        if (underWay.isPresent()) {
            return underWay.get();
        }
        ofAdapters.clear(id);
        Job lasting = LastingJob.of(ofAdapters, id, asked, job);
        return trainedHere.test(job.adapter()) ? jobs.submit(id, lasting) : JobStatus.queued(id, job);
    }

    /** All that this trainer remembers, and what others do for any, the latest last. */
    public List<JobStatus> list() {
        Map<String, JobStatus> all = new LinkedHashMap<>();
        jobs.list().forEach(status -> all.put(status.id(), status));
        for (String id : ofAdapters.asked().ids()) {
            if (running(id).isEmpty()) {
                get(id).ifPresent(status -> {
                    all.remove(id);
                    all.put(id, status);
                });
            }
        }
        return List.copyOf(all.values());
    }

    /** Where a job stands, whichever worker does it; empty where none knows it. */
    public Optional<JobStatus> get(String id) {
        Optional<JobStatus> running = running(id);
        if (running.isPresent() || !id.matches("[A-Za-z0-9._-]{1,200}")) {
            return running;
        }
        return ofAdapters.get(id, asked -> JobStatus.queued(id, job(id, asked))).or(() -> jobs.get(id));
    }

    /** Has a job stop soon, whichever worker does it; one that has ended stays as it is. */
    public Optional<JobStatus> cancel(String id) {
        Optional<JobStatus> status = get(id);
        if (status.isPresent()
                && !status.get().ended()
                && ofAdapters.asked().get(id).isPresent()) {
            // Also where it is done here: its adapter may be on the move.
            ofAdapters.cancelled().put(id);
        }
        return running(id).isPresent() ? jobs.cancel(id) : status;
    }

    private Optional<JobStatus> running(String id) {
        return jobs.get(id).filter(status -> !status.ended());
    }

    private static boolean forTheAdaptersWorker(AskedJob asked) {
        return asked.hasForget() || asked.hasCut() || asked.getRebuild().getReplace();
    }

    private Job job(String id, AskedJob asked) {
        return switch (asked.getJobCase()) {
            case FORGET -> ForgetJob.of(proofs, asked.getForget());
            case REBUILD -> RebuildJob.of(proofs, id, asked.getRebuild());
            case CUT -> new CutJob(proofs, AdapterName.parse(asked.getCut()), trainedHere);
            case JOB_NOT_SET ->
                throw new MillraceException(
                        ErrorCode.INCOMPATIBLE_LOG, "a trainer of another release was asked for '" + id + "'");
        };
    }

    private void look() {
        try {
            while (!closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                try {
                    if (ready.getAsBoolean()) {
                        lookOnce();
                    }
                } catch (MillraceException e) {
                    LOG.warn("jobs that were asked for can't be read: {}", e.getMessage());
                } catch (RuntimeException e) {
                    LOG.error("jobs that were asked for can't be begun: {}", e.toString(), e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** First what an earlier process of this worker hasn't ended; then what any door has for adapters of this worker. */
    private void lookOnce() {
        if (!resumed) {
            own.ids().forEach(id -> own.get(id).ifPresent(asked -> goOn(id, asked)));
            resumed = true;
        }
        List<String> ids = ofAdapters.asked().ids();
        Set<String> cancelled =
                ids.isEmpty() ? Set.of() : ofAdapters.cancelled().ids();
        for (String id : ids) {
            // In this order: what has ended here is off the record by then.
            Optional<JobStatus> running = running(id);
            if (running.isEmpty()) {
                ofAdapters.asked().get(id).ifPresent(asked -> begin(id, asked, cancelled.contains(id)));
                continue;
            }
            if (cancelled.contains(id)) {
                Optional<JobStatus> unused = jobs.cancel(id);
            }
            news.tell(running.get());
        }
        news.tidy(ids, this::running);
        tidy();
    }

    private void tidy() {
        Instant now = clock.instant();
        if (Duration.between(tidied, now).abs().compareTo(TIDY_EVERY) >= 0) {
            ofAdapters.tidy();
            tidied = now;
        }
    }

    private void goOn(String id, AskedJob asked) {
        if (forTheAdaptersWorker(asked)) { // as an earlier release left it
            ofAdapters.clear(id);
            ofAdapters.asked().put(id, asked);
            own.remove(id);
            return;
        }
        Job job = job(id, asked);
        Optional<AskedJob> again = AskedJobs.again(asked);
        if (again.isPresent()) {
            JobStatus unused = jobs.submit(id, LastingJob.of(own, id, again.get(), job));
        } else {
            JobStatus unused = givenUp(id, job);
            own.remove(id);
        }
    }

    /** Where the job is this worker's. */
    private void begin(String id, AskedJob asked, boolean cancelled) {
        Job job = job(id, asked);
        if (!trainedHere.test(job.adapter())) {
            return;
        }
        Optional<AskedJob> again = AskedJobs.again(asked);
        if (ofAdapters.ended().get(id).isPresent()) {
            ofAdapters.asked().remove(id); // whoever ended it got no further
        } else if (cancelled) {
            ofAdapters.end(JobStatus.queued(id, job).cancelled());
        } else if (job instanceof CutJob cut) {
            carryOut(id, cut);
        } else if (again.isPresent()) {
            JobStatus unused = jobs.submit(id, LastingJob.of(ofAdapters, id, again.get(), job));
        } else {
            ofAdapters.end(givenUp(id, job));
        }
    }

    /** Now: it doesn't queue behind jobs. What can't be done yet is tried again until the door takes it back. */
    private void carryOut(String id, CutJob cut) {
        JobStatus asked = JobStatus.queued(id, cut);
        try {
            ofAdapters.end(asked.succeeded(cut.request()));
        } catch (MillraceException e) {
            if (!e.code().retryable()) {
                ofAdapters.end(asked.failed(e));
            }
        }
    }

    private static JobStatus givenUp(String id, Job job) {
        MillraceException never =
                new MillraceException(ErrorCode.INTERNAL, "it was begun again and again and never ended; given up");
        LOG.error("job={} {}", id, never.getMessage());
        return JobStatus.queued(id, job).failed(never);
    }

    @Override
    public void close() {
        closing.countDown();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
