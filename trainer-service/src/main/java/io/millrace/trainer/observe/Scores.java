package io.millrace.trainer.observe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;

/**
 * Feedback as what it adds to rewards: of the version of greatest weight in the answer, and of its adapter. A decision that
 * is scored again counts with its last score alone. Feedback without a score, or that can't be read, adds nothing.
 */
final class Scores extends ContextualProcessor<byte[], byte[], String, Reward> {
    static final String STORE = "scored-decisions";

    /** As long as feedback is kept. */
    private static final Duration REACH = Duration.ofDays(28);

    private static final ObjectMapper JSON = new ObjectMapper();

    private WindowStore<String, Double> earlier;

    /** Decision id -> its last score, by the time of the feedback. */
    static StoreBuilder<WindowStore<String, Double>> store() {
        return Stores.windowStoreBuilder(
                Stores.persistentWindowStore(STORE, REACH, REACH, false), Serdes.String(), Serdes.Double());
    }

    @Override
    public void init(ProcessorContext<String, Reward> context) {
        super.init(context);
        earlier = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        Optional<JsonNode> read = read(record.value());
        if (read.isEmpty()) {
            return;
        }
        JsonNode feedback = read.get();
        String decision = feedback.path("decision_id").asText();
        JsonNode leading = leading(feedback.path("adapters"));
        JsonNode score = feedback.path("score");
        if (decision.isEmpty() || !score.isNumber() || !leading.hasNonNull("name")) {
            return;
        }
        Reward change = change(decision, score.asDouble(), record.timestamp());
        String adapter = leading.path("name").asText();
        for (String scope :
                new String[] {adapter + "@" + leading.path("version").asText(), adapter}) {
            context()
                    .forward(new Record<>(
                            scope,
                            new Reward(scope, change.scores(), change.sum(), change.squares()),
                            record.timestamp()));
        }
    }

    private Reward change(String decision, double score, long time) {
        Reward now = new Reward("", 1, score, score * score);
        double before = Double.NaN;
        long at = time;
        try (WindowStoreIterator<Double> known =
                earlier.fetch(decision, Math.max(0, time - REACH.toMillis()), time + REACH.toMillis())) {
            if (known.hasNext()) {
                var first = known.next();
                at = first.key;
                before = first.value;
            }
        }
        earlier.put(decision, score, at);
        return Double.isNaN(before) ? now : new Reward("", 0, score - before, score * score - before * before);
    }

    private static JsonNode leading(JsonNode adapters) {
        JsonNode leading = MissingNode.getInstance();
        double most = -1;
        for (JsonNode part : adapters) {
            double weight = Math.abs(part.path("weight").asDouble());
            if (weight > most) {
                most = weight;
                leading = part;
            }
        }
        return leading;
    }

    private static Optional<JsonNode> read(byte[] value) {
        try {
            return Optional.ofNullable(value == null ? null : JSON.readTree(value));
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
