package io.millrace.trainer.forget;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.topics.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Whether a record holds the text of a forgotten example.
 *
 * @param ids of the examples
 */
record ForgottenRecord(AdapterName adapter, Set<String> ids) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ExampleParser PARSER = new ExampleParser(Topics.MAX_DERIVED_BYTES);

    /** What an example is called that the router made of a correction; see its {@code Recorder}. */
    private static final String CORRECTION = "feedback:";

    boolean corrections() {
        return ids.stream().anyMatch(id -> id.startsWith(CORRECTION));
    }

    /** Of a record of the examples or the dead letters: by what it says, also where it says it badly. */
    boolean example(ConsumerRecord<byte[], byte[]> record) {
        byte[] value = record.value();
        if (value == null) {
            return false;
        }
        try {
            TrainingExample example = PARSER.parse(value);
            return example.adapter().equals(adapter) && ids.contains(example.id());
        } catch (MillraceException | IllegalArgumentException e) {
            return saysSo(value);
        }
    }

    private boolean saysSo(byte[] value) {
        try {
            JsonNode tree = JSON.readTree(value);
            return tree != null
                    && tree.path("adapter").asText("").equals(adapter.toString())
                    && ids.contains(tree.path("id").asText(""));
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /** Of a record of the decisions or the feedback: of the request that the example corrects. */
    boolean decision(ConsumerRecord<byte[], byte[]> record) {
        return record.key() != null && ids.contains(CORRECTION + new String(record.key(), StandardCharsets.UTF_8));
    }
}
