package io.millrace.standalone.system;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedKafka;
import io.millrace.embedded.EmbeddedS3;
import io.millrace.embedded.Ports;
import io.millrace.standalone.client.ServerClient;
import io.quarkus.runtime.Quarkus;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Kafka, the object store and the three services in this JVM. They stop in the opposite order, by {@link #close} or when
 * the JVM is told to end, so that the services' last words still find Kafka. There can be one in a JVM.
 */
public final class LocalSystem implements AutoCloseable {
    private static final Duration STOP_AT_MOST = Duration.ofSeconds(30);
    private static final Duration READY_POLL = Duration.ofMillis(200);
    private static final String BUCKET = "millrace";

    private final SystemOptions options;
    private final DataFolder folder;
    private final EmbeddedS3 store;
    private final EmbeddedKafka kafka;
    private final CompletableFuture<Integer> services;
    private boolean stopped;

    private LocalSystem(
            SystemOptions options,
            DataFolder folder,
            EmbeddedS3 store,
            EmbeddedKafka kafka,
            CompletableFuture<Integer> services) {
        this.options = options;
        this.folder = folder;
        this.store = store;
        this.kafka = kafka;
        this.services = services;
    }

    /**
     * Starts everything; the services go on starting when this returns.
     *
     * @param baseId of the base the options name, which must have been imported
     * @throws MillraceException {@code port_taken}, {@code wrong_base}, {@code bad_setting}
     */
    public static LocalSystem start(SystemOptions options, String baseId) {
        Ports.requireFree(options.port(), "HTTP (--port)");
        Ports.requireFree(options.kafkaPort(), "Kafka (--kafka-port)");
        Ports.requireFree(options.s3Port(), "the object store (--s3-port)");
        DataFolder folder = DataFolder.take(options.dataDir());
        try {
            folder.requireBase(options.base(), baseId);
            EmbeddedS3.Credentials credentials = folder.storeCredentials();
            EmbeddedS3 store = EmbeddedS3.start(folder.objects(), options.s3Port(), credentials, BUCKET);
            EmbeddedKafka kafka = EmbeddedKafka.start(folder.kafka(), options.kafkaPort(), FreePorts.one());
            configure(options, folder, store, kafka);
            LocalSystem system = new LocalSystem(options, folder, store, kafka, runServices());
            Runtime.getRuntime().addShutdownHook(new Thread(system::stop, "millrace-stop"));
            return system;
        } catch (RuntimeException e) {
            folder.close();
            throw e;
        }
    }

    /** Waits until all services are ready. @throws MillraceException where they end before, or {@code timed_out} */
    public void awaitReady(Duration atMost) {
        ServerClient client = client();
        long deadline = System.nanoTime() + atMost.toNanos();
        while (!client.isUp("/q/health/ready")) {
            try {
                services.get(READY_POLL.toMillis(), TimeUnit.MILLISECONDS);
                throw new MillraceException(ErrorCode.INTERNAL, "the services ended before they were ready");
            } catch (TimeoutException e) {
                if (System.nanoTime() > deadline) {
                    throw new MillraceException(
                            ErrorCode.TIMED_OUT,
                            "the services aren't ready after " + atMost.toSeconds() + " s; see " + folder.log()
                                    + " and " + options.url() + "/q/health/ready",
                            e);
                }
            } catch (ExecutionException e) {
                throw new MillraceException(
                        ErrorCode.INTERNAL, "the services don't start: " + rootMessage(e) + "; see " + folder.log(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
            }
        }
    }

    /** Waits until something ends the services. */
    public void awaitEnd() {
        services.exceptionally(failure -> 1).join();
    }

    public ServerClient client() {
        return new ServerClient(options.url(), options.token());
    }

    public String kafkaAddress() {
        return kafka.bootstrapServers();
    }

    @Override
    public void close() {
        Quarkus.asyncExit(0);
        stop();
    }

    /** Waits for the services, which the JVM's end stops by itself, then stops what they use. */
    private synchronized void stop() {
        if (stopped) {
            return;
        }
        stopped = true;
        try {
            services.exceptionally(failure -> 1).get(STOP_AT_MOST.toSeconds(), TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            System.err.println("the services didn't stop within " + STOP_AT_MOST.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        kafka.close();
        store.close();
        folder.close();
    }

    /** Quarkus keeps a thread until it ends. */
    private static CompletableFuture<Integer> runServices() {
        CompletableFuture<Integer> ended = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    try {
                        Quarkus.run(null, (exit, failure) -> {
                            if (failure == null) {
                                ended.complete(exit);
                            } else {
                                ended.completeExceptionally(failure);
                            }
                        });
                        ended.complete(0);
                    } catch (RuntimeException | Error e) {
                        ended.completeExceptionally(e);
                    }
                },
                "millrace-services");
        thread.start();
        return ended;
    }

    /** System properties stand above environment and files, as flags must. */
    private static void configure(SystemOptions options, DataFolder folder, EmbeddedS3 store, EmbeddedKafka kafka) {
        set("quarkus.http.host", options.host());
        set("quarkus.http.port", String.valueOf(options.port()));
        set("quarkus.log.file.path", folder.log().toString());
        set("millrace.base", options.base());
        set("millrace.data-dir", folder.services().toString());
        set("millrace.kafka.bootstrap-servers", kafka.bootstrapServers());
        set("millrace.s3.endpoint", store.endpoint().toString());
        set("millrace.s3.access-key", store.credentials().accessKey());
        set("millrace.s3.secret-key", store.credentials().secretKey());
        set("millrace.s3.bucket", store.bucket());
        options.token().ifPresent(token -> set("millrace.token", token));
        options.settings().forEach(LocalSystem::set);
    }

    private static void set(String key, String value) {
        System.setProperty(key, value);
    }

    private static String rootMessage(Throwable failure) {
        Throwable at = failure;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return Optional.ofNullable(at.getMessage()).orElse(at.toString());
    }
}
