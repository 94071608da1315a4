package io.millrace.engine.torch;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * A thread whose operators use all of the runtime's threads; on any other thread they use one. OpenMP keeps helpers for
 * each thread that ever ran an operator on several processors, for as long as that thread lives, and once all helpers
 * together outnumber the processors they sleep between operators instead of spinning, which costs more than most
 * operators do. So few threads should have helpers, and these should end when they have nothing to compute.
 */
public final class ComputeThread extends Thread {
    /** Far longer than between two steps; far shorter than a person notices helpers of a pausing trainer. */
    private static final long PAUSE_MILLIS = 200;

    /** An operator that is at work when a process ends is waited for this long. */
    private static final int LAST_OPERATOR_SECONDS = 60;

    /** Taken while libtorch computes on this thread. */
    private final Semaphore operating = new Semaphore(1);

    private volatile boolean processEnds;

    private ComputeThread(Runnable work, String name) {
        super(work, name);
        setDaemon(true);
    }

    /** Runs one task after the other, on a thread that ends in each pause of work. */
    public static ExecutorService executor(String name) {
        ThreadPoolExecutor executor = new ThreadPoolExecutor(
                1,
                1,
                PAUSE_MILLIS,
                TimeUnit.MILLISECONDS,
                new LinkedBlockingQueue<>(),
                task -> new ComputeThread(task, name));
        executor.allowCoreThreadTimeOut(true);
        return executor;
    }

    /** Something to compute. */
    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Runs the work on a thread of its own and waits for it; what it throws is thrown here. Where the process is told to
     * end meanwhile, the operator at work is the last.
     *
     * @throws MillraceException {@code not_ready} where the process ends
     */
    @SuppressWarnings("unchecked")
    public static <T, E extends Exception> T call(Work<T, E> work) throws E {
        FutureTask<T> task = new FutureTask<>(work::run);
        ComputeThread thread = new ComputeThread(task, Thread.currentThread().getName() + "-compute");
        Thread atExit = new Thread(thread::standStill, thread.getName() + "-exit");
        try {
            Runtime.getRuntime().addShutdownHook(atExit);
        } catch (IllegalStateException e) {
            throw processEnds();
        }
        thread.start();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                    thread.interrupt();
                }
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            // The work declares no other checked exceptions.
            throw (E) e.getCause();
        } finally {
            forget(atExit);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void forget(Thread atExit) {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // It is running: the process ends.
        }
    }

    /** Libtorch takes itself apart when a process ends, and an operator that is still at work then crashes it. */
    private void standStill() {
        processEnds = true;
        try {
            if (operating.tryAcquire(LAST_OPERATOR_SECONDS, TimeUnit.SECONDS)) {
                operating.release();
            } else {
                System.err.println(getName() + " still computes after " + LAST_OPERATOR_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static MillraceException processEnds() {
        return new MillraceException(ErrorCode.NOT_READY, "the process ends; nothing more is computed");
    }

    /** Before the current thread calls an operator; {@link #operated} must follow. */
    static void operates() {
        if (Thread.currentThread() instanceof ComputeThread thread) {
            thread.operating.acquireUninterruptibly();
            if (thread.processEnds) {
                thread.operating.release();
                throw processEnds();
            }
        }
    }

    static void operated() {
        if (Thread.currentThread() instanceof ComputeThread thread) {
            thread.operating.release();
        }
    }

    /** How many threads operators may use on the current thread, of those that a runtime has. */
    static int threads(int runtimeThreads) {
        return Thread.currentThread() instanceof ComputeThread ? runtimeThreads : 1;
    }
}
