package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedS3;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** On a real server that comes and goes; waiting is recorded instead of slept. */
class RetryingBlobStoreTest extends BlobStoreContract {
    private static final EmbeddedS3.Credentials KEYS = new EmbeddedS3.Credentials("millrace", "secret-of-the-test");
    private static final RetryPolicy POLICY = new RetryPolicy(4, Duration.ofMillis(100), Duration.ofMillis(250));

    private final List<Duration> waits = new ArrayList<>();
    private final List<Runnable> whileWaiting = new ArrayList<>();
    private EmbeddedS3 server;
    private RetryingBlobStore store;

    @BeforeEach
    void start() {
        server = EmbeddedS3.startOnFreePort(scratch.resolve("objects"), KEYS, "millrace");
        store = store(KEYS.secretKey());
    }

    private RetryingBlobStore store(String secret) {
        S3Settings settings = new S3Settings(
                server.endpoint(), KEYS.accessKey(), secret, "millrace", "us-east-1", Duration.ofSeconds(2));
        return new RetryingBlobStore(new S3BlobStore(settings), POLICY, new Random(1), wait -> {
            waits.add(wait);
            whileWaiting.forEach(Runnable::run);
            whileWaiting.clear();
        });
    }

    @AfterEach
    void stop() {
        store.close();
        server.close();
    }

    @Override
    protected BlobStore store() {
        return store;
    }

    @Test
    void succeedsOnceTheServerIsBack() {
        // Given a server that is down and comes back while the store waits
        byte[] content = random(1, 1_000);
        int port = server.port();
        server.close();
        whileWaiting.add(() -> server = EmbeddedS3.start(scratch.resolve("objects"), port, KEYS, "millrace"));
        // When something is stored
        Digest digest = store.put(content);
        // Then it took one more try
        assertThat(store.get(digest)).isEqualTo(content);
        assertThat(waits).hasSize(1);
    }

    @Test
    void givesUpAfterTheLastAttemptWithTheStoresError() {
        server.close();
        assertThatThrownBy(() -> store.size(Digest.of("x"))).satisfies(e -> assertCode(e, ErrorCode.STORE_UNAVAILABLE));
        assertThat(waits).hasSize(3);
        assertThat(waits.get(0)).isBetween(Duration.ofMillis(50), Duration.ofMillis(100));
        assertThat(waits.get(1)).isBetween(Duration.ofMillis(100), Duration.ofMillis(200));
        assertThat(waits.get(2)).isBetween(Duration.ofMillis(125), Duration.ofMillis(250));
    }

    @Test
    void doesNotRepeatWhatCannotSucceed() {
        assertThatThrownBy(() -> store.get(Digest.of("nobody stored this")))
                .satisfies(e -> assertCode(e, ErrorCode.UNKNOWN_BLOB));
        try (RetryingBlobStore wrong = store("another-secret")) {
            assertThatThrownBy(() -> wrong.put(random(2, 10))).satisfies(e -> assertCode(e, ErrorCode.STORE_REFUSED));
        }
        assertThat(waits).isEmpty();
    }

    @Test
    void stopsWaitingWhenInterrupted() {
        server.close();
        RetryingBlobStore interrupted = new RetryingBlobStore(
                new S3BlobStore(S3Settings.of(server.endpoint(), "a", "b", "millrace", "us-east-1")),
                POLICY,
                new Random(1),
                wait -> {
                    throw new InterruptedException();
                });
        try (interrupted) {
            assertThatThrownBy(() -> interrupted.size(Digest.of("x"))).isInstanceOf(MillraceException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
