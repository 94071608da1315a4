package io.millrace.trainer.curate;

import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.trainer.protocol.CrashPoint;
import java.time.Duration;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Lets the first record of an (adapter, id) pass within the window. A later one with the same content is a duplicate, one
 * with another content is refused as {@code id_reused}.
 */
final class DropDuplicates implements Processor<String, CuratedExample, String, Verdict> {
    static final String STORE = "seen-ids";

    private final Duration window;
    private ProcessorContext<String, Verdict> context;
    private WindowStore<String, String> seen;

    DropDuplicates(Duration window) {
        this.window = window;
    }

    /** (adapter, id) -> digest of the content, by the time of the record. */
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
        CuratedExample example = record.value();
        context.forward(record.withValue(verdict(example, record.timestamp())));
    }

    private Verdict verdict(CuratedExample example, long time) {
        // An adapter's name holds no line break, so the pair can be told apart.
        String pair = example.getAdapter() + "\n" + example.getExampleId();
        long reach = window.toMillis();
        try (WindowStoreIterator<String> earlier =
                seen.fetch(pair, Math.max(0, time - reach), Math.addExact(time, reach))) {
            if (!earlier.hasNext()) {
                seen.put(pair, example.getContentSha256(), time);
                CrashPoint.CURATE.pass();
                return new Verdict.Accepted(example);
            }
            return earlier.next().value.equals(example.getContentSha256())
                    ? new Verdict.Duplicate(example)
                    : Verdict.Refused.of(
                            example,
                            ErrorCode.ID_REUSED,
                            "the id '" + example.getExampleId() + "' came before with another content within " + window
                                    + "; give each example its own id, or none");
        }
    }
}
