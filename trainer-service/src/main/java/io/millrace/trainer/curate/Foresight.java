package io.millrace.trainer.curate;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.InputRecord;
import io.millrace.trainer.outcome.Outcome;
import io.millrace.trainer.train.Admission;
import io.millrace.trainer.train.Examples;
import io.millrace.trainer.train.TakenOut;
import io.millrace.trainer.worker.Answers;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Says what would become of records, by the parser, the encoder and the settings that the stream uses; nothing is sent.
 * Each record by itself: which ids came before isn't known here. Safe for use by many threads.
 *
 * @param examples reads and encodes, once the base is open
 * @param takenOut ids that an adapter takes no more
 */
public record Foresight(
        Parse parse,
        Supplier<Examples> examples,
        Function<AdapterName, AdapterSettings> settings,
        Function<AdapterName, CompletableFuture<TakenOut>> takenOut) {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Longer than any example: what an example has in all is told, not only what is kept of it. */
    private static final int NO_LIMIT = 1 << 30;

    /**
     * What a record would come to.
     *
     * @param code why it would be refused
     * @param contentSha256 of an example that can be read
     * @param tokens of the whole sequence, whatever the limit
     * @param limit of its adapter, in tokens
     * @param truncated whether prompt tokens would be dropped
     */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Foreseen(
            Outcome.Kind outcome,
            Optional<String> code,
            Optional<String> message,
            Optional<String> adapter,
            Optional<String> id,
            Optional<String> contentSha256,
            Optional<Integer> tokens,
            Optional<Integer> limit,
            boolean truncated) {}

    /** @throws MillraceException {@code not_ready} */
    public List<Foreseen> of(List<byte[]> records) {
        Admission admission = new Admission(examples.get());
        Map<AdapterName, TakenOut> refused = new HashMap<>();
        return records.stream().map(record -> of(record, admission, refused)).toList();
    }

    private Foreseen of(byte[] record, Admission admission, Map<AdapterName, TakenOut> refused) {
        Verdict verdict = parse.parse(Optional.of(record), InputRecord.getDefaultInstance());
        if (verdict instanceof Verdict.Accepted accepted) {
            AdapterName adapter = AdapterName.parse(accepted.example().getAdapter());
            return accepted(accepted.example(), admission, refused.computeIfAbsent(adapter, this::refusedBy));
        }
        Verdict.Refused no = (Verdict.Refused) verdict;
        return new Foreseen(
                Outcome.Kind.REJECTED,
                Optional.of(no.code().code()),
                Optional.of(no.message()),
                no.adapter(),
                no.id(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                false);
    }

    private Foreseen accepted(CuratedExample example, Admission admission, TakenOut out) {
        int limit = settings.apply(AdapterName.parse(example.getAdapter())).maxLength();
        Admission.Answer answer = admission.of(example, out, limit);
        Optional<Admission.Refused> no =
                answer instanceof Admission.Refused refused ? Optional.of(refused) : Optional.empty();
        Optional<Integer> tokens = admission.of(example, TakenOut.none(), NO_LIMIT) instanceof Admission.Fits whole
                ? Optional.of(whole.sequence().length())
                : Optional.empty();
        return new Foreseen(
                no.isPresent()
                        ? Outcome.Kind.REJECTED
                        : example.getHeldOut() ? Outcome.Kind.HELD_OUT : Outcome.Kind.TRAINED,
                no.map(refused -> refused.code().code()),
                no.map(Admission.Refused::message),
                Optional.of(example.getAdapter()),
                Optional.of(example.getExampleId()),
                Optional.of(example.getContentSha256()),
                tokens,
                Optional.of(limit),
                answer instanceof Admission.Fits fits && fits.sequence().truncated());
    }

    private TakenOut refusedBy(AdapterName adapter) {
        return Answers.of(takenOut.apply(adapter), PATIENCE);
    }
}
