package io.millrace.topics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.MillraceException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopicsTest {

    @Test
    void namesCarryThePrefix() {
        assertThat(KafkaSettings.of("127.0.0.1:1").specs())
                .extracting(TopicSpec::name)
                .containsExactly(
                        "millrace.examples",
                        "millrace.examples.dlq",
                        "millrace.curated",
                        "millrace.journal",
                        "millrace.outcomes",
                        "millrace.registry",
                        "millrace.decisions",
                        "millrace.feedback",
                        "millrace.rewards",
                        "millrace.health");
    }

    @Test
    void curatedAndJournalHaveTheSamePartitionsAndTheRegistryOne() {
        Topics topics = new Topics("t.");

        assertThat(topics.specs(5)).allSatisfy(spec -> assertThat(spec.partitions())
                .isEqualTo(spec.name().equals("t.registry") ? 1 : 5));
    }

    @Test
    void aDeadLetterIsLargerThanAnyExample() {
        Topics topics = new Topics("t.");

        assertThat(topics.examplesSpec(1).configs()).containsEntry("compression.type", "uncompressed");
        assertThat(topics.deadLettersSpec(1).maxMessageBytes())
                .isGreaterThanOrEqualTo(topics.examplesSpec(1).maxMessageBytes() + (1 << 19));
    }

    @Test
    void badSettingsSayWhatToDo() {
        assertThatThrownBy(() -> new KafkaSettings(" ", "m.", 8, Map.of()))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("millrace.kafka.bootstrap-servers");
        assertThatThrownBy(() -> new KafkaSettings("a:1", "a b", 8, Map.of())).hasMessageContaining("topic-prefix");
        assertThatThrownBy(() -> new KafkaSettings("a:1", "m.", 0, Map.of())).hasMessageContaining("partitions");
    }
}
