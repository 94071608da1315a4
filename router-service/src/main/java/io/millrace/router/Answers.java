package io.millrace.router;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.Generation;
import io.millrace.engine.decode.GenerationRequest;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.router.generate.Engine;
import io.millrace.router.generate.Options;
import io.millrace.router.generate.Prompt;
import io.millrace.router.lease.Lease;
import io.millrace.router.record.Decision;
import io.millrace.router.record.Recorder;
import io.millrace.router.select.RoutingRequest;
import io.millrace.router.select.Selection;
import io.millrace.router.select.Selector;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;

/** select, lease, compose, generate, record: a request from beginning to end. */
public final class Answers {
    private final RegistryLog registry;
    private final Selector selector;
    private final Function<VersionEntry, CompletableFuture<Lease>> leases;
    private final Engine engine;
    private final Recorder recorder;
    private final RouterMetrics metrics;
    private final Clock clock;
    private final Supplier<String> ids;
    private final Limits limits;

    /**
     * @param maxTokens new tokens where a request doesn't say
     * @param loadTimeout how long a request waits for its versions
     */
    public record Limits(int maxTokens, Duration loadTimeout) {}

    public Answers(
            RegistryLog registry,
            Selector selector,
            Function<VersionEntry, CompletableFuture<Lease>> leases,
            Engine engine,
            Recorder recorder,
            RouterMetrics metrics,
            Clock clock,
            Supplier<String> ids,
            Limits limits) {
        this.registry = registry;
        this.selector = selector;
        this.leases = leases;
        this.engine = engine;
        this.recorder = recorder;
        this.metrics = metrics;
        this.clock = clock;
        this.ids = ids;
        this.limits = limits;
    }

    /**
     * What is asked.
     *
     * @param model as the request wrote it
     */
    public record Question(String model, RoutingRequest routing, Prompt prompt, Options options) {}

    /** An answer on its way; its first token may already have come. */
    public record Answer(Decision decision, Generation generation, Engine.Loaded engine) {}

    /** The decision alone, recorded, nothing generated. */
    public Decision select(String model, RoutingRequest routing, Prompt prompt) {
        Decision decision = decide(model, routing, prompt, registry.view()).decision();
        recorder.decided(decision);
        return decision;
    }

    /**
     * Starts an answer.
     *
     * @param listener called for each token from the decode loop
     * @throws MillraceException where the request can't be answered
     */
    public Answer start(Question question, Generation.TokenListener listener) {
        String step = "none";
        List<Lease> held = new ArrayList<>();
        try {
            Engine.Loaded loaded = engine.loaded();
            int[] prompt = question.prompt().tokenIds(loaded.base());
            // Refuse what can't fit before anything is loaded for it.
            question.options().request(prompt, List.of(), loaded.base().description(), limits.maxTokens());
            Decided decided = decide(question.model(), question.routing(), question.prompt(), registry.view());
            step = decided.decision().step();
            List<GenerationRequest.WeightedAdapter> adapters = lease(decided.selection(), held);
            GenerationRequest request =
                    question.options().request(prompt, adapters, loaded.base().description(), limits.maxTokens());
            Generation generation = loaded.generator().submit(request, timed(listener));
            finish(decided.decision(), generation, held);
            recorder.decided(decided.decision());
            return new Answer(decided.decision(), generation, loaded);
        } catch (MillraceException e) {
            held.forEach(Lease::close);
            metrics.request(step, e.code().code());
            throw e;
        } catch (RuntimeException e) {
            held.forEach(Lease::close);
            metrics.request(step, ErrorCode.INTERNAL.code());
            throw e;
        }
    }

    private record Decided(Selection selection, Decision decision) {}

    private Decided decide(String model, RoutingRequest routing, Prompt prompt, RegistryView view) {
        Selection selection = selector.select(routing, view);
        return new Decided(
                selection,
                Decision.of(
                        ids.get(),
                        clock.instant().toString(),
                        model,
                        selection,
                        view.offset(),
                        prompt.exampleFields()));
    }

    private List<GenerationRequest.WeightedAdapter> lease(Selection selection, List<Lease> held) {
        List<CompletableFuture<Lease>> asked =
                selection.parts().stream().map(p -> leases.apply(p.version())).toList();
        List<GenerationRequest.WeightedAdapter> adapters = new ArrayList<>();
        for (int i = 0; i < asked.size(); i++) {
            try {
                Lease lease = await(asked.get(i), selection.parts().get(i).version());
                held.add(lease);
                adapters.add(new GenerationRequest.WeightedAdapter(
                        lease.adapter(), (float) selection.parts().get(i).weight()));
            } catch (MillraceException e) {
                // Those not waited for give their pin back when they come.
                for (CompletableFuture<Lease> late : asked.subList(i, asked.size())) {
                    var unused = late.thenAccept(Lease::close);
                }
                throw e;
            }
        }
        return adapters;
    }

    private Lease await(CompletableFuture<Lease> asked, VersionEntry version) {
        try {
            return asked.get(limits.loadTimeout().toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new MillraceException(
                    ErrorCode.TIMED_OUT,
                    version.adapter() + " " + version.ordinalName() + " wasn't loaded within " + limits.loadTimeout()
                            + "; try again",
                    e);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException known
                    ? new MillraceException(known.code(), known.getMessage(), known)
                    : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new MillraceException(ErrorCode.NOT_READY, "the router is shutting down", e);
        }
    }

    private Generation.TokenListener timed(Generation.TokenListener listener) {
        long start = System.nanoTime();
        return new Generation.TokenListener() {
            private boolean first = true;

            @Override
            public void onToken(Generation.Token token) {
                if (first) {
                    first = false;
                    metrics.timeToFirstToken(Duration.ofNanos(System.nanoTime() - start));
                }
                listener.onToken(token);
            }
        };
    }

    private void finish(Decision decision, Generation generation, List<Lease> held) {
        var unused = generation.result().whenComplete((result, error) -> {
            held.forEach(Lease::close);
            if (error == null) {
                metrics.tokens(result.promptTokens(), result.tokens().size());
                boolean cancelled = result.finishReason() == Generation.FinishReason.CANCELLED;
                metrics.request(decision.step(), cancelled ? "cancelled" : "ok");
            } else {
                Throwable cause = error.getCause() == null ? error : error.getCause();
                ErrorCode code = cause instanceof MillraceException e ? e.code() : ErrorCode.INTERNAL;
                metrics.request(decision.step(), code.code());
            }
        });
    }
}
