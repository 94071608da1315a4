package io.millrace.router.generate;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.Generator;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The base with its generator, opened in the background; where that fails it is tried again. */
public final class Engine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);
    private static final Duration FIRST_WAIT = Duration.ofMillis(500);
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(15);

    private final Opener opener;
    private final Thread thread;
    private final CountDownLatch closing = new CountDownLatch(1);
    private volatile State state = new State.Opening("the base is being opened");

    /** Opens base and generator; may take seconds. */
    @FunctionalInterface
    public interface Opener {
        Loaded open();
    }

    /** An open base and its generator. */
    public record Loaded(Base base, Generator generator) {}

    /** How far it has come. */
    public sealed interface State {
        /** @param detail what is awaited, or why the last attempt failed */
        record Opening(String detail) implements State {}

        record Ready(Loaded loaded) implements State {}
    }

    public Engine(Opener opener) {
        this.opener = opener;
        this.thread = new Thread(this::run, "router-engine-opener");
        thread.setDaemon(true);
    }

    public void start() {
        thread.start();
    }

    public State state() {
        return state;
    }

    /** @throws MillraceException {@code not_ready} saying what is missing */
    public Loaded loaded() {
        State now = state;
        if (now instanceof State.Ready ready) {
            return ready.loaded();
        }
        throw new MillraceException(ErrorCode.NOT_READY, "the router isn't ready: " + ((State.Opening) now).detail());
    }

    /** The base's id once it is open. */
    public Optional<Digest> baseId() {
        return state instanceof State.Ready ready
                ? Optional.of(ready.loaded().base().description().id())
                : Optional.empty();
    }

    public int activeRows() {
        return state instanceof State.Ready ready ? ready.loaded().generator().activeRows() : 0;
    }

    /** Requests that wait for a row. */
    public int queuedRequests() {
        return state instanceof State.Ready ready && ready.loaded().generator() instanceof EmbeddedGenerator embedded
                ? embedded.queuedRequests()
                : 0;
    }

    private void run() {
        Duration wait = FIRST_WAIT;
        try {
            while (closing.getCount() > 0) {
                try {
                    Loaded loaded = opener.open();
                    state = new State.Ready(loaded);
                    LOG.info(
                            "serving base={} id={}",
                            loaded.base().description().name(),
                            loaded.base().description().id());
                    return;
                } catch (RuntimeException | LinkageError e) {
                    String detail = e instanceof MillraceException ? e.getMessage() : e.toString();
                    if (!state.equals(new State.Opening(detail))) {
                        LOG.warn("the base can't be opened: {}", detail);
                    }
                    state = new State.Opening(detail);
                }
                if (closing.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
                wait = wait.multipliedBy(2).compareTo(LONGEST_WAIT) < 0 ? wait.multipliedBy(2) : LONGEST_WAIT;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws InterruptedException {
        closing.countDown();
        thread.join(60_000);
        if (state instanceof State.Ready ready) {
            state = new State.Opening("the router is shutting down");
            ready.loaded().generator().close();
            ready.loaded().base().close();
        }
    }
}
