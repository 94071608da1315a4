package io.millrace.engine.decode;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Requests that wait for a row, first come first served. Safe for many threads. */
final class RequestQueue {
    private final int capacity;
    private final Deque<Row> waiting = new ArrayDeque<>();
    private boolean closed;

    RequestQueue(int capacity) {
        this.capacity = capacity;
    }

    synchronized void add(Row row) {
        if (closed) {
            throw new MillraceException(ErrorCode.NOT_READY, "the generator is closed; ask another one");
        }
        if (waiting.size() >= capacity) {
            throw new MillraceException(
                    ErrorCode.OVERLOADED, capacity + " requests are waiting already; try again in a moment");
        }
        waiting.addLast(row);
        notifyAll();
    }

    /** Returns once so many wait, the time is up, or the queue is closed. */
    synchronized void await(int count, Duration atMost) throws InterruptedException {
        long end = System.nanoTime() + atMost.toNanos();
        for (long left = atMost.toNanos();
                !closed && waiting.size() < count && left > 0;
                left = end - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    /** Whether the row was waiting; it no longer is. */
    synchronized boolean remove(Row row) {
        return waiting.remove(row);
    }

    synchronized Optional<Row> peek() {
        return Optional.ofNullable(waiting.peekFirst());
    }

    /** The first ones that wait. */
    synchronized List<Row> first(int count) {
        return waiting.stream().limit(count).toList();
    }

    synchronized int size() {
        return waiting.size();
    }

    synchronized boolean closed() {
        return closed;
    }

    /** Takes no more, and gives back what waits. */
    synchronized List<Row> close() {
        closed = true;
        notifyAll();
        List<Row> left = List.copyOf(waiting);
        waiting.clear();
        return left;
    }
}
