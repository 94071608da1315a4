package io.millrace.engine.decode;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.base.Base;
import io.millrace.engine.decode.Generation.FinishReason;
import io.millrace.engine.torch.Tensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the decode thread does: between two tokens of the running rows, others leave, join, or get on with their prompt. */
final class DecodeLoop implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

    private final RequestQueue queue;
    private final Batch batch;
    private final TokenChooser chooser;
    private final Set<Integer> endTokens;
    private final int prefillChunk;
    private volatile int activeRows;

    DecodeLoop(DecodeModel model, Base base, DecodeOptions options, RequestQueue queue) {
        this.queue = queue;
        this.batch = new Batch(model, options);
        this.chooser = new TokenChooser(
                model.kernels(), base.tokenizer(), base.description().vocabSize());
        this.prefillChunk = options.prefillChunk();
        this.endTokens =
                options.stopAtEndOfText() ? Set.copyOf(base.description().eosTokenIds()) : Set.of();
    }

    int activeRows() {
        return activeRows;
    }

    @Override
    public void run() {
        try {
            while (!queue.closed()) {
                if (batch.isEmpty()) {
                    queue.await();
                }
                turn();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Error e) {
            LOG.error("the decode thread ends", e);
            throw e;
        } finally {
            MillraceException closed = new MillraceException(
                    ErrorCode.NOT_READY, "the generator was closed before the answer was complete; ask again");
            queue.close().forEach(row -> row.fail(closed));
            batch.abandon().forEach(row -> row.fail(closed));
            activeRows = 0;
            batch.close();
        }
    }

    /** One token for each running row, and before that some tokens of prompts. */
    private void turn() {
        dropCancelled();
        batch.expect(queue.first(batch.freeRows()));
        int left = batch.prefillTokens();
        while (left >= prefillChunk && joins()) {
            left -= prefill(batch.joining().orElseThrow(), left);
            batch.expect(queue.first(batch.freeRows()));
        }
        if (!batch.rows().isEmpty()) {
            step();
        }
        activeRows = batch.size();
    }

    /** Whether there is a prompt to compute. */
    private boolean joins() {
        if (batch.joining().isEmpty()) {
            admit();
        }
        activeRows = batch.size();
        return batch.joining().isPresent();
    }

    private void admit() {
        queue.peek().filter(batch::takes).filter(queue::remove).ifPresent(row -> {
            try {
                batch.start(row);
            } catch (RuntimeException e) {
                leave(row, true);
                row.fail(e);
            }
        });
    }

    /** @return tokens computed */
    private int prefill(Row row, int atMost) {
        int before = row.computed();
        try {
            Optional<Tensor> logits = batch.prefill(atMost);
            if (logits.isPresent()) {
                try (Tensor first = logits.orElseThrow()) {
                    accept(List.of(row), chooser.choose(first, List.of(row)));
                }
            }
        } catch (RuntimeException e) {
            LOG.warn("a prompt could not be computed", e);
            leave(row, true);
            row.fail(e);
        }
        return Math.max(1, row.computed() - before);
    }

    private void step() {
        List<Row> rows = batch.rows();
        try (Tensor logits = batch.step()) {
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
        for (Row row : batch.rows()) {
            dropIfCancelled(row);
        }
        batch.joining().ifPresent(this::dropIfCancelled);
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
