package io.millrace.trainer.outcome;

import java.util.Optional;

/** Which records were refused, by their dead letters. For one thread. */
public interface RefusedRecords extends AutoCloseable {

    /**
     * The record that a dead letter is about.
     *
     * @param letter partition and offset of the dead letter, as {@code 3:17}
     * @return where the record lies, as {@link Outcome#place}; empty where there is no such dead letter (any more)
     * @throws org.apache.kafka.common.KafkaException where Kafka doesn't answer
     */
    Optional<String> ofLetter(String letter);

    @Override
    void close();
}
