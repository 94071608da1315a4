package io.millrace.engine.decode;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;

/**
 * How a generator runs.
 *
 * @param maxRows requests generated at once
 * @param maxQueue requests waiting for a row; one more is refused as {@code overloaded}
 * @param maxContext tokens of one request, prompt and answer, at most; the base's own limit holds beside it
 * @param maxCacheTokens tokens that the key/value cache may hold over all rows: it is as long as its longest row, and a
 *     request waits until its row fits
 * @param prefillChunk prompt tokens computed between two tokens of the other rows
 * @param stopAtEndOfText whether the base's end-of-text tokens end an answer; false to measure
 */
public record DecodeOptions(
        DType dtype,
        int maxRows,
        int maxQueue,
        int maxContext,
        int maxCacheTokens,
        int prefillChunk,
        boolean stopAtEndOfText) {

    public DecodeOptions {
        positive("decode rows", maxRows);
        positive("decode queue", maxQueue);
        positive("decode context", maxContext);
        positive("decode cache tokens", maxCacheTokens);
        positive("prefill chunk", prefillChunk);
    }

    /** Eight rows, 256 waiting, a cache of 16,384 tokens. */
    public static DecodeOptions of(DType dtype) {
        return new DecodeOptions(dtype, 8, 256, Integer.MAX_VALUE, 16_384, 64, true);
    }

    public DecodeOptions withRows(int rows) {
        return new DecodeOptions(dtype, rows, maxQueue, maxContext, maxCacheTokens, prefillChunk, stopAtEndOfText);
    }

    public DecodeOptions withQueue(int queue) {
        return new DecodeOptions(dtype, maxRows, queue, maxContext, maxCacheTokens, prefillChunk, stopAtEndOfText);
    }

    public DecodeOptions withCacheTokens(int tokens) {
        return new DecodeOptions(dtype, maxRows, maxQueue, maxContext, tokens, prefillChunk, stopAtEndOfText);
    }

    public DecodeOptions withPrefillChunk(int tokens) {
        return new DecodeOptions(dtype, maxRows, maxQueue, maxContext, maxCacheTokens, tokens, stopAtEndOfText);
    }

    public DecodeOptions ignoringEndOfText() {
        return new DecodeOptions(dtype, maxRows, maxQueue, maxContext, maxCacheTokens, prefillChunk, false);
    }

    private static void positive(String what, int value) {
        if (value < 1) {
            throw new MillraceException(ErrorCode.BAD_SETTING, what + " must be at least 1, not " + value);
        }
    }
}
