package io.millrace.trainer.curate;

import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.trainer.outcome.DeadLetter;
import io.millrace.trainer.outcome.RefusedRecords;
import io.millrace.trainer.protocol.CrashPoint;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Lets the first record of an (adapter, id) pass within the window. A later one with the same content is a duplicate, one
 * with another content is refused as {@code id_reused}. Where the record that was accepted last became a dead letter, so
 * that it wasn't trained, a record that says it is that dead letter sent again is accepted in its place: one for each.
 */
final class DropDuplicates implements Processor<String, CuratedExample, String, Verdict> {
    static final String STORE = "seen-ids";

    private final Duration window;
    private final Supplier<RefusedRecords> openRefused;
    private Optional<RefusedRecords> refused = Optional.empty();
    private ProcessorContext<String, Verdict> context;
    private WindowStore<String, String> seen;

    /** @param openRefused called with the first record that was sent again */
    DropDuplicates(Duration window, Supplier<RefusedRecords> openRefused) {
        this.window = window;
        this.openRefused = openRefused;
    }

    /** (adapter, id) -> {@link Seen}, by the time of the record. */
    static StoreBuilder<WindowStore<String, String>> store(Duration window) {
        return Stores.windowStoreBuilder(
                Stores.persistentWindowStore(STORE, window, window, false), Serdes.String(), Serdes.String());
    }

    @Override
    public void init(ProcessorContext<String, Verdict> context) {
        this.context = context;
        this.seen = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, CuratedExample> record) {
        context.forward(record.withValue(verdict(record)));
    }

    private Verdict verdict(Record<String, CuratedExample> record) {
        CuratedExample example = record.value();
        // An adapter's name holds no line break, so the pair can be told apart.
        String pair = example.getAdapter() + "\n" + example.getExampleId();
        Optional<KeyValue<Long, String>> last = last(pair, record.timestamp());
        if (last.isEmpty()) {
            return accept(pair, example, record.timestamp());
        }
        Seen seen = Seen.parse(last.get().value);
        if (!seen.contentSha256().equals(example.getContentSha256())) {
            return Verdict.Refused.of(
                    example,
                    ErrorCode.ID_REUSED,
                    "the id '" + example.getExampleId() + "' came before with another content within " + window
                            + "; give each example its own id, or none");
        }
        if (seen.accepted().isPresent() && seen.accepted().equals(replayed(record.headers()))) {
            // Never before what it takes the place of, even where the broker's clock was set back meanwhile.
            return accept(pair, example, Math.max(record.timestamp(), last.get().key));
        }
        return new Verdict.Duplicate(example);
    }

    private Verdict accept(String pair, CuratedExample example, long time) {
        seen.put(pair, Seen.of(example).text(), time);
        CrashPoint.CURATE.pass();
        return new Verdict.Accepted(example);
    }

    /** What is remembered last of a pair within the window. */
    private Optional<KeyValue<Long, String>> last(String pair, long time) {
        long reach = window.toMillis();
        Optional<KeyValue<Long, String>> last = Optional.empty();
        try (WindowStoreIterator<String> earlier =
                seen.fetch(pair, Math.max(0, time - reach), Math.addExact(time, reach))) {
            while (earlier.hasNext()) {
                last = Optional.of(earlier.next());
            }
        }
        return last;
    }

    /** The refused record that this one is sent again for. The producer's word is held against the dead letter. */
    private Optional<String> replayed(Headers headers) {
        Header from = headers.lastHeader(DeadLetter.REPLAYED_FROM);
        if (from == null || from.value() == null) {
            return Optional.empty();
        }
        if (refused.isEmpty()) {
            refused = Optional.of(openRefused.get());
        }
        return refused.get().ofLetter(new String(from.value(), StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        refused.ifPresent(RefusedRecords::close);
        refused = Optional.empty();
    }
}
