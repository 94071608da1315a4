package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.ExampleParser;
import io.millrace.embedding.TextEmbedder;
import io.millrace.proto.internal.HeadReplaced;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.LogStatus;
import io.millrace.registry.RegistryLog;
import io.millrace.store.BlobStore;
import io.millrace.topics.KafkaSettings;
import io.millrace.topics.TopicBootstrap;
import io.millrace.topics.Topics;
import io.millrace.trainer.publish.ChampionGuard;
import io.millrace.trainer.publish.CutVersion;
import io.millrace.trainer.publish.Prototyping;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.Heads;
import io.millrace.trainer.train.Plan;
import io.millrace.trainer.train.TakenOut;
import io.millrace.trainer.train.Train;
import java.time.Clock;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a worker alive on the thread {@code trainer-worker}: waits until Kafka, the registry's log and the base are there,
 * runs a {@link Worker} until it ends, and starts the next one after a pause. A worker that ends leaves nothing behind
 * but what the journal says.
 */
public final class WorkerLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WorkerLoop.class);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(15);
    private static final Duration STOP_AT_MOST = Duration.ofSeconds(60);
    /** Without Kafka nothing can be given up in good order. */
    private static final Duration STOP_WITHOUT_KAFKA = Duration.ofSeconds(2);

    private final KafkaSettings kafka;
    private final BlobStore store;
    private final RegistryLog registry;
    private final Supplier<Engine> engines;
    private final Supplier<TextEmbedder> embedders;
    private final WorkerSettings settings;
    private final ChampionGuard guard;
    private final Progress progress;
    private final Clock clock;
    private final Thread thread = new Thread(this::run, "trainer-worker");
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile String waitingFor = "the worker was not started yet";
    private volatile CompletableFuture<Session> session = new CompletableFuture<>();

    /** What a worker can be asked for, and the box through which others reach its thread. */
    private record Session(Requests requests, Mailbox mailbox) {}

    /**
     * @param engines opens the base; called again while it fails
     * @param embedders opens the sentence embedder when the first version is cut
     */
    public WorkerLoop(
            KafkaSettings kafka,
            BlobStore store,
            RegistryLog registry,
            Supplier<Engine> engines,
            Supplier<TextEmbedder> embedders,
            WorkerSettings settings,
            ChampionGuard guard,
            Progress progress,
            Clock clock) {
        this.kafka = kafka;
        this.store = store;
        this.registry = registry;
        this.engines = engines;
        this.embedders = embedders;
        this.settings = settings;
        this.guard = guard;
        this.progress = progress;
        this.clock = clock;
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    /** Why nothing is trained now; empty where all is well. */
    public String waitingFor() {
        if (!waitingFor.isEmpty()) {
            return waitingFor;
        }
        if (!progress.recovered()) {
            return "the journal is being read" + (progress.recovering().isEmpty() ? "" : ": " + progress.recovering());
        }
        return progress.surroundings();
    }

    /** Completes with whether the adapter is trained here; a version of all it has waiting now is then due. */
    public CompletableFuture<Boolean> requestCut(AdapterName adapter) {
        return ask(requests -> requests.requestCut(adapter));
    }

    /** Completes with whether the adapter is trained here; no further round of it is then planned for a while. */
    public CompletableFuture<Boolean> hold(AdapterName adapter, Duration atMost) {
        return ask(requests -> requests.hold(adapter, atMost));
    }

    /** Completes with whether the head was replaced; else it isn't, or not any more, the one that it was offered for. */
    public CompletableFuture<Boolean> replace(AdapterName adapter, HeadReplaced replaced, VersionCut cut) {
        return ask(requests -> requests.replace(adapter, replaced, cut));
    }

    /** Completes with the ids that an adapter takes no more; with none where it isn't trained here. */
    public CompletableFuture<TakenOut> takenOut(AdapterName adapter) {
        return ask(requests -> requests.takenOut(adapter));
    }

    /**
     * Completes with whether the examples are forgotten in the journal; else the adapter isn't at the end of a round: hold
     * it, and ask again.
     */
    public CompletableFuture<Boolean> forget(AdapterName adapter, Set<String> exampleIds) {
        return session.thenCompose(running -> {
            CompletableFuture<Boolean> answer = new CompletableFuture<>();
            running.mailbox().post(() -> running.requests().forget(adapter, exampleIds, answer));
            return answer;
        });
    }

    /** On the worker's thread, once there is a worker. */
    private <T> CompletableFuture<T> ask(Function<Requests, T> question) {
        return session.thenCompose(running -> {
            CompletableFuture<T> answer = new CompletableFuture<>();
            running.mailbox().post(() -> answer.complete(question.apply(running.requests())));
            return answer;
        });
    }

    private void run() {
        Duration pause = Duration.ofMillis(500);
        try (Opened opened = new Opened()) {
            while (running()) {
                long started = clock.millis();
                try {
                    work(opened);
                } catch (InterruptedException e) {
                    return;
                } catch (Exception | LinkageError | OutOfMemoryError e) {
                    waitingFor = e.getMessage() == null ? e.toString() : e.getMessage();
                    LOG.warn("the worker ended and starts again in {}: {}", pause, e.toString(), e);
                }
                if (clock.millis() - started > 60_000) {
                    pause = Duration.ofMillis(500);
                }
                if (closing.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                pause = pause.multipliedBy(2).compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : LONGEST_PAUSE;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            waitingFor = "the worker is closed";
        }
    }

    /** Lets the worker give its partitions up in good order; while Kafka can't be reached, only for a moment. */
    @Override
    public void close() {
        closing.countDown();
        long start = System.nanoTime();
        try {
            while (thread.isAlive() && since(start).compareTo(STOP_AT_MOST) < 0) {
                thread.join(100);
                if (!(registry.status() instanceof LogStatus.Following)
                        && since(start).compareTo(STOP_WITHOUT_KAFKA) > 0) {
                    thread.interrupt();
                    thread.join(STOP_WITHOUT_KAFKA.multipliedBy(2).toMillis());
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private boolean running() {
        return closing.getCount() > 0;
    }

    /** What outlives a worker: opened once. */
    private final class Opened implements AutoCloseable {
        private final Set<Worker.PlannedRound> unharmed = new HashSet<>();
        private Engine engine;
        private TextEmbedder embedder;

        /** On the training thread. */
        TextEmbedder embedder() {
            if (embedder == null) {
                embedder = embedders.get();
            }
            return embedder;
        }

        Engine engine() {
            if (engine == null) {
                engine = engines.get();
            }
            return engine;
        }

        @Override
        public void close() {
            if (engine != null) {
                engine.close();
            }
            if (embedder != null) {
                embedder.close();
            }
        }
    }

    private void work(Opened opened) throws InterruptedException {
        waitingFor = "Kafka's topics";
        TopicBootstrap.ensure(kafka, kafka.specs());
        waitingFor = "the registry's log";
        while (!registry.ready()) {
            if (closing.await(50, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
        waitingFor = "the base";
        Engine engine = opened.engine();
        waitingFor = "Kafka's transactions";
        Clock steady = SteadyClock.from(clock.instant());
        Clients clients = new Clients(kafka, settings.workerId());
        Topics topics = kafka.topics();
        Examples examples = new Examples(new ExampleParser(Topics.MAX_EXAMPLE_BYTES)::parse, engine.encoder());
        Archives archives = new Archives(store);
        Train train = new Train(examples, archives);
        try (Admin admin = clients.admin();
                Recover recover = new Recover(admin, clients.reader(), topics, store);
                Heads heads =
                        new Heads(engine.model(), store, train, settings.residentAdapters(), settings.hostBytes());
                Mailbox mailbox = new Mailbox(steady);
                Ledger ledger = new Ledger(clients.producer(), topics.journal());
                Worker worker = new Worker(
                        clients.member(),
                        ledger,
                        recover,
                        registry,
                        new Outbox(registry, guard, engine.base(), settings.workerId()),
                        steps(engine, examples, archives, train, heads, opened),
                        new Housekeeping(recover, admin, store, mailbox),
                        topics,
                        settings,
                        progress,
                        mailbox,
                        opened.unharmed,
                        steady,
                        clock)) {
            worker.join();
            session.complete(new Session(worker.requests(), mailbox));
            waitingFor = "";
            while (running()) {
                worker.turn();
            }
            worker.leave();
        } finally {
            session = new CompletableFuture<>();
        }
    }

    private Steps steps(Engine engine, Examples examples, Archives archives, Train train, Heads heads, Opened opened) {
        String fingerprint = engine.model().fingerprint();
        Rounds rounds = new Rounds(
                engine.base(),
                fingerprint,
                store,
                archives,
                heads,
                new Plan(engine.base(), fingerprint, examples, archives),
                train,
                new Reports(kafka.topics()),
                settings,
                clock);
        CutVersion cut = CutVersion.of(
                store,
                engine.model(),
                engine.base(),
                examples,
                archives,
                new Prototyping(opened::embedder, examples, archives),
                registry::view,
                guard,
                settings.minHeldOut(),
                settings.workerId());
        return new Steps(rounds, cut, heads, engine.base().id().hex(), settings.residentIdle());
    }
}
