package io.millrace.engine.decode;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A request on its way. */
public interface Generation {

    /** Completes with the whole result, or with a MillraceException. */
    CompletableFuture<Result> result();

    /** Frees the row at the next token; the result completes with what was generated, finish reason CANCELLED. */
    void cancel();

    /** Why a generation ended. */
    enum FinishReason {
        STOP,
        LENGTH,
        CANCELLED
    }

    /**
     * @param text without the stop text
     * @param promptTokens tokens of the prompt
     */
    record Result(String text, List<Token> tokens, FinishReason finishReason, int promptTokens) {}

    /**
     * One generated token.
     *
     * @param text what this token adds to the visible text, possibly empty
     * @param logprob natural logarithm of its probability at temperature 1; NaN where not asked for
     */
    record Token(int id, String text, float logprob, List<Alternative> alternatives) {}

    record Alternative(int id, String text, float logprob) {}

    /** Called from the decode loop's thread for each token; must return quickly. */
    @FunctionalInterface
    interface TokenListener {
        void onToken(Token token);
    }
}
