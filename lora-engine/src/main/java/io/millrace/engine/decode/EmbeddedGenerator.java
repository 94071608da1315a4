package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.Generation.FinishReason;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Generates in this process, on one device. A thread of its own, {@code millrace-decode}, computes while there are
 * requests. Base and runtime belong to the caller and must outlive the generator.
 */
public final class EmbeddedGenerator implements Generator {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedGenerator.class);

    private final Base base;
    private final LongSupplier seeds;
    private final DecodeModel model;
    private final RequestQueue queue;
    private final DecodeLoop loop;
    private final ExecutorService thread = ComputeThread.executor("millrace-decode");
    private final AtomicBoolean serving = new AtomicBoolean();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    private EmbeddedGenerator(TorchRuntime torch, Base base, DecodeOptions options, LongSupplier seeds) {
        this.base = base;
        this.seeds = seeds;
        this.model = ComputeThread.call(() -> new DecodeModel(
                torch, base, options.dtype(), Math.min(options.maxContext(), options.maxCacheTokens()), true));
        this.queue = new RequestQueue(options.maxQueue());
        this.loop = new DecodeLoop(model, base, options, queue);
    }

    /**
     * Brings the base to the runtime's device, dequantised.
     *
     * @param seeds where requests without a seed get one
     */
    public static EmbeddedGenerator start(TorchRuntime torch, Base base, DecodeOptions options, LongSupplier seeds) {
        return new EmbeddedGenerator(torch, base, options, seeds);
    }

    /** Tokens that a request's prompt and answer may have together. */
    public int maxContext() {
        return model.maxContext();
    }

    /** Whether steps of so many rows are computed by the JVM, not by libtorch. */
    boolean computesAlone(int rows) {
        return model.computesAlone(rows);
    }

    @Override
    public LoadedAdapter load(AdapterWeights weights) {
        return model.load(weights);
    }

    @Override
    public Generation submit(GenerationRequest request, Generation.TokenListener listener) {
        check(request);
        if (failure.get() != null) {
            throw new MillraceException(
                    ErrorCode.INTERNAL, "the decode thread has ended; restart this process", failure.get());
        }
        long seed = request.seed().orElseGet(seeds);
        Row row = new Row(request, listener, base.tokenizer(), seed, this::cancelWaiting);
        queue.add(row);
        wake();
        return row;
    }

    /** Rows now in the batch. Training on the same cores yields while there are any. */
    @Override
    public int activeRows() {
        return loop.activeRows();
    }

    /** Requests that wait for a row. */
    public int queuedRequests() {
        return queue.size();
    }

    private void wake() {
        if (serving.compareAndSet(false, true)) {
            try {
                thread.execute(this::serve);
            } catch (RejectedExecutionException e) {
                LOG.debug("closed meanwhile, which has failed the request already", e);
            }
        }
    }

    private void serve() {
        try {
            do {
                loop.serve();
                serving.set(false);
            } while (queue.size() > 0 && serving.compareAndSet(false, true));
        } catch (RuntimeException | Error e) {
            LOG.error("the decode thread ends", e);
            failure.set(e);
            loop.close();
        }
    }

    /** Ends after the current token; requests under way fail as {@code not_ready}. */
    @Override
    public void close() {
        if (thread.isShutdown()) {
            return;
        }
        queue.close()
                .forEach(row -> row.fail(new MillraceException(
                        ErrorCode.NOT_READY, "the generator was closed before the answer began; ask again")));
        thread.execute(loop::close);
        thread.shutdown();
        boolean interrupted = false;
        while (!thread.isTerminated()) {
            try {
                thread.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        model.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** A request that runs is dropped by the decode thread. */
    private void cancelWaiting(Row row) {
        if (queue.remove(row)) {
            row.finish(FinishReason.CANCELLED);
        }
    }

    private void check(GenerationRequest request) {
        int prompt = request.promptIds().length;
        require(prompt > 0, "the prompt must have at least one token");
        require(request.maxTokens() > 0, "max_tokens must be at least 1, not " + request.maxTokens());
        for (int id : request.promptIds()) {
            require(id >= 0 && id < base.description().vocabSize(), "token " + id + " isn't in the vocabulary");
        }
        require(
                request.temperature() >= 0 && request.temperature() <= 100,
                "temperature must be between 0 and 100, not " + request.temperature());
        require(request.topP() > 0 && request.topP() <= 1, "top_p must be in (0, 1], not " + request.topP());
        require(
                request.topLogprobs() >= 0 && request.topLogprobs() <= 20,
                "top_logprobs must be between 0 and 20, not " + request.topLogprobs());
        require(request.stop().stream().noneMatch(String::isEmpty), "a stop text must not be empty");
        for (WeightedAdapter weighted : request.adapters()) {
            require(weighted.adapter() instanceof AdapterTensors, "the adapter was loaded by another generator");
            require(Float.isFinite(weighted.weight()), "an adapter's weight must be finite");
        }
        if ((long) prompt + request.maxTokens() > maxContext()) {
            throw new MillraceException(
                    ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    "prompt (" + prompt + " tokens) and max_tokens (" + request.maxTokens() + ") exceed the context of "
                            + maxContext() + " tokens; shorten the prompt or ask for fewer tokens");
        }
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, message);
        }
    }
}
