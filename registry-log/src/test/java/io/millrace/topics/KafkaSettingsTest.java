package io.millrace.topics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class KafkaSettingsTest {
    private static final KafkaSettings SETTINGS =
            new KafkaSettings("127.0.0.1:1", "t.", 3, Map.of("security.protocol", "SASL_SSL", "acks", "0"));

    @Test
    void aProducerNeverHasTwoBatchesOnTheirWay() {
        assertThat(SETTINGS.producerProperties())
                .containsEntry("bootstrap.servers", "127.0.0.1:1")
                .containsEntry("security.protocol", "SASL_SSL")
                .containsEntry("max.in.flight.requests.per.connection", 1)
                .containsEntry("enable.idempotence", true)
                .containsEntry("acks", "all");
    }
}
