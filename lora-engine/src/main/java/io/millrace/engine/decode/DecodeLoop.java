package io.millrace.engine.decode;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.Generation.FinishReason;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the decode thread does: between two tokens of the running rows, others leave, join, or get on with their prompt. */
final class DecodeLoop implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

    /**
     * Requests that are made at once come one after another all the same. The first one's prompt would be computed alone
     * otherwise, which takes many times longer than this wait, and the others would wait for it.
     */
    private static final Duration GATHERING = Duration.ofMillis(1);

    private final RequestQueue queue;
    private final Batch batch;
    private final TokenChooser chooser;
    private final Set<Integer> endTokens;
    private volatile int activeRows;

    DecodeLoop(DecodeModel model, Base base, DecodeOptions options, RequestQueue queue) {
        this.queue = queue;
        this.batch = new Batch(model, options);
        this.chooser = new TokenChooser(
                model.kernels(), base.tokenizer(), base.description().vocabSize());
        this.endTokens =
                options.stopAtEndOfText() ? Set.copyOf(base.description().eosTokenIds()) : Set.of();
    }

    int activeRows() {
        return activeRows;
    }

    /** Until no request is left, or the queue is closed. */
    void serve() {
        if (batch.isEmpty()) {
            gather();
        }
        while (!queue.closed() && (!batch.isEmpty() || queue.size() > 0)) {
            turn();
        }
    }

    private void gather() {
        try {
            queue.await(batch.freeRows(), GATHERING);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Requests under way or waiting fail as {@code not_ready}. */
    @Override
    public void close() {
        MillraceException closed = new MillraceException(
                ErrorCode.NOT_READY, "the generator was closed before the answer was complete; ask again");
        queue.close().forEach(row -> row.fail(closed));
        batch.abandon().forEach(row -> row.fail(closed));
        activeRows = 0;
        batch.close();
    }

    /** One token for each running row, and before that some tokens of prompts. */
    private void turn() {
        dropCancelled();
        batch.expect(queue.first(batch.freeRows()));
        int tokens = batch.prefillTokens();
        while (batch.tokensToPrefill() < tokens && admit()) {
            batch.expect(queue.first(batch.freeRows()));
        }
        activeRows = batch.size();
        if (!batch.joining().isEmpty()) {
            prefill(tokens);
        }
        if (!batch.rows().isEmpty()) {
            step();
        }
        activeRows = batch.size();
    }

    /** Whether another row joins. */
    private boolean admit() {
        Optional<Row> next = queue.peek().filter(batch::takes).filter(queue::remove);
        next.ifPresent(batch::start);
        return next.isPresent();
    }

    private void prefill(int atMost) {
        Batch.Joined joined;
        try {
            joined = batch.prefill(atMost);
        } catch (RuntimeException e) {
            giveUp(batch.joining(), e);
            return;
        }
        try (Logits first = joined.logits()) {
            if (!joined.rows().isEmpty()) {
                accept(joined.rows(), chooser.choose(first, joined.rows()));
            }
        } catch (RuntimeException e) {
            giveUp(joined.rows(), e);
        }
    }

    private void giveUp(List<Row> rows, RuntimeException e) {
        LOG.warn("{} prompts could not be computed", rows.size(), e);
        rows.forEach(row -> {
            leave(row, true);
            row.fail(e);
        });
    }

    private void step() {
        List<Row> rows = batch.rows();
        try (Logits logits = batch.step()) {
            accept(rows, chooser.choose(logits, rows));
        } catch (RuntimeException e) {
            LOG.warn("a step of {} rows failed", rows.size(), e);
            batch.abandon().forEach(row -> row.fail(e));
        }
    }

    private void accept(List<Row> rows, List<Optional<TokenChoice>> choices) {
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            if (choices.get(i).isEmpty()) {
                leave(row, true);
                row.fail(new MillraceException(
                        ErrorCode.NON_FINITE,
                        "the model's output isn't finite with these adapters and weights; use smaller weights"));
            } else {
                accept(row, choices.get(i).orElseThrow());
            }
        }
    }

    private void accept(Row row, TokenChoice choice) {
        Optional<FinishReason> finished;
        try {
            finished = row.accept(choice, endTokens);
        } catch (RuntimeException e) {
            leave(row, false);
            row.fail(e);
            return;
        }
        finished.ifPresent(reason -> {
            leave(row, false);
            row.finish(reason);
        });
    }

    private void dropCancelled() {
        batch.rows().forEach(this::dropIfCancelled);
        batch.joining().forEach(this::dropIfCancelled);
    }

    private void dropIfCancelled(Row row) {
        if (row.cancelled()) {
            leave(row, false);
            row.finish(FinishReason.CANCELLED);
        }
    }

    /** The slot is free before anybody hears of the row's end. */
    private void leave(Row row, boolean tainted) {
        batch.remove(row, tainted);
        activeRows = batch.size();
    }
}
