package io.millrace.router;

import io.millrace.registry.RegistryLog;
import io.millrace.router.lease.Champions;
import io.millrace.router.select.PrototypeIndex;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thread that brings champions and prototypes up to date after each change of the registry, and retries. */
final class RegistryFollower implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RegistryFollower.class);
    private static final Duration TICK = Duration.ofMillis(500);

    private final RegistryLog registry;
    private final Champions champions;
    private final PrototypeIndex prototypes;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final AutoCloseable subscription;
    private boolean dirty; // guarded by lock
    private volatile boolean caughtUp;
    private volatile boolean closed;

    RegistryFollower(RegistryLog registry, Champions champions, PrototypeIndex prototypes) {
        this.registry = registry;
        this.champions = champions;
        this.prototypes = prototypes;
        this.subscription = registry.onChange(view -> wake());
        this.thread = new Thread(this::run, "router-registry-follower");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** Whether the first complete view was followed. */
    boolean caughtUp() {
        return caughtUp;
    }

    private void wake() {
        lock.lock();
        try {
            dirty = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        while (!closed) {
            try {
                if (registry.ready()) {
                    champions.follow(registry.view(), caughtUp);
                    prototypes.follow(registry.view());
                    caughtUp = true;
                }
            } catch (RuntimeException e) {
                LOG.error("following the registry failed; trying again", e);
            }
            await();
        }
    }

    private void await() {
        lock.lock();
        try {
            long left = TICK.toNanos();
            while (!dirty && left > 0 && !closed) {
                left = changed.awaitNanos(left);
            }
            dirty = false;
        } catch (InterruptedException e) {
            closed = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws Exception {
        closed = true;
        subscription.close();
        thread.interrupt();
        thread.join(5_000);
    }
}
