package io.millrace.engine.decode;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.Generation.FinishReason;
import io.millrace.engine.decode.Generation.Token;
import io.millrace.engine.text.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/** One request from the queue to its last token. The decode thread owns all but {@link #cancel} and {@link #result}. */
final class Row implements Generation {
    private final GenerationRequest request;
    private final TokenListener listener;
    private final VisibleText text;
    private final SplittableRandom random;
    private final Consumer<Row> onCancel;
    private final CompletableFuture<Result> result = new CompletableFuture<>();
    private final List<Token> tokens = new ArrayList<>();
    private int computed;
    private volatile boolean cancelled;

    /** @param seed of the sampling */
    Row(GenerationRequest request, TokenListener listener, Tokenizer tokenizer, long seed, Consumer<Row> onCancel) {
        this.request = request;
        this.listener = listener;
        this.text = new VisibleText(tokenizer.streamDecoder(), request.stop());
        this.random = new SplittableRandom(seed);
        this.onCancel = onCancel;
    }

    GenerationRequest request() {
        return request;
    }

    /** What it is generated with, each once. */
    Set<AdapterTensors> adapters() {
        return request.adapters().stream()
                .map(weighted -> (AdapterTensors) weighted.adapter())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Tokens of prompt and answer at most. */
    int limit() {
        return request.promptIds().length + request.maxTokens();
    }

    /** Tokens whose keys and values are in the cache. */
    int computed() {
        return computed;
    }

    void computed(int tokensMore) {
        computed += tokensMore;
    }

    boolean prompted() {
        return computed >= request.promptIds().length;
    }

    /** The newest token, which the next step computes. */
    int lastToken() {
        return tokens.get(tokens.size() - 1).id();
    }

    /** Uniform in [0, 1): the next number of this request's own sequence. */
    double draw() {
        return random.nextDouble();
    }

    boolean cancelled() {
        return cancelled;
    }

    /**
     * Takes the next token and tells the listener.
     *
     * @return why this was the last one, where it was
     */
    Optional<FinishReason> accept(TokenChoice choice, Set<Integer> endTokens) {
        boolean end = endTokens.contains(choice.id());
        boolean last = end || tokens.size() + 1 == request.maxTokens();
        String visible = end ? "" : text.add(choice.id());
        if (last && !text.stopped()) {
            visible += text.finish();
        }
        Token token = new Token(choice.id(), visible, choice.logprob(), choice.alternatives());
        tokens.add(token);
        listener.onToken(token);
        if (end || text.stopped()) {
            return Optional.of(FinishReason.STOP);
        }
        return last ? Optional.of(FinishReason.LENGTH) : Optional.empty();
    }

    void finish(FinishReason reason) {
        StringBuilder whole = new StringBuilder();
        tokens.forEach(token -> whole.append(token.text()));
        result.complete(new Result(whole.toString(), List.copyOf(tokens), reason, request.promptIds().length));
    }

    void fail(Throwable cause) {
        result.completeExceptionally(
                cause instanceof MillraceException
                        ? cause
                        : new MillraceException(ErrorCode.INTERNAL, "generating failed: " + cause, cause));
    }

    @Override
    public CompletableFuture<Result> result() {
        return result;
    }

    @Override
    public void cancel() {
        cancelled = true;
        onCancel.accept(this);
    }
}
