package io.millrace.vector;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;

/**
 * The calling thread and its helpers, which share short pieces of work: a step of decoding has some two hundred, of 5 to 100
 * µs each, so helpers spin between them and sleep only between steps. Pieces are taken, not dealt: a helper that the
 * system doesn't run delays nobody. Each thread begins with a share of its own, in order, since memory is read ahead there,
 * and then takes from the others' shares. For one caller at a time.
 */
final class Team implements AutoCloseable {
    private static final int SPINS_BEFORE_SLEEP = 50_000;
    private static final long SLEEP_NANOS = 20_000;

    private final Thread[] helpers;
    private volatile Piece current = new Piece(0, 1, chunk -> {});
    private volatile boolean awake;
    private volatile boolean closed;

    /** @param threads the caller among them */
    Team(int threads) {
        helpers = new Thread[Math.max(0, threads - 1)];
        for (int i = 0; i < helpers.length; i++) {
            int share = i + 1;
            helpers[i] = new Thread(() -> help(share), "millrace-decode-helper-" + i);
            helpers[i].setDaemon(true);
            helpers[i].start();
        }
    }

    /** Wakes the helpers for the work of a step. */
    void begin() {
        awake = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }

    /** Lets the helpers sleep. */
    void end() {
        awake = false;
    }

    /** Runs chunks 0 to {@code count - 1}, in any order; all have ended, and their writes are seen, when it returns. */
    void run(int count, IntConsumer work) {
        if (helpers.length == 0 || count == 1) {
            for (int chunk = 0; chunk < count; chunk++) {
                work.accept(chunk);
            }
            return;
        }
        Piece piece = new Piece(count, helpers.length + 1, work);
        current = piece;
        piece.take(0);
        piece.await();
    }

    private void help(int share) {
        Piece last = current;
        while (!closed) {
            Piece next = current;
            if (next != last) {
                next.take(share);
                last = next;
            } else if (awake) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        begin();
    }

    /** Work that is shared now. */
    private static final class Piece {
        private final int count;
        private final int shares;
        private final IntConsumer work;
        /** How many chunks of each share are taken. */
        private final AtomicIntegerArray taken;

        private final AtomicInteger done = new AtomicInteger();
        private volatile Throwable failure;

        Piece(int count, int shares, IntConsumer work) {
            this.count = count;
            this.shares = shares;
            this.work = work;
            this.taken = new AtomicIntegerArray(shares);
        }

        /** Works until no chunk is left, at first on one's own share. */
        void take(int own) {
            for (int i = 0; i < shares; i++) {
                int share = (own + i) % shares;
                int start = count * share / shares;
                int end = count * (share + 1) / shares;
                for (int at = start + taken.getAndIncrement(share);
                        at < end;
                        at = start + taken.getAndIncrement(share)) {
                    run(at);
                }
            }
        }

        private void run(int chunk) {
            try {
                work.accept(chunk);
            } catch (RuntimeException | Error e) {
                failure = e;
            } finally {
                done.incrementAndGet();
            }
        }

        void await() {
            for (int spins = 0; done.get() < count; spins++) {
                if (spins < SPINS_BEFORE_SLEEP) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.parkNanos(SLEEP_NANOS);
                }
            }
            if (failure != null) {
                throw new IllegalStateException("a part of the step failed", failure);
            }
        }
    }
}
