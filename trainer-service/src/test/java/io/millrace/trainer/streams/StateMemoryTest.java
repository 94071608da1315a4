package io.millrace.trainer.streams;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateMemoryTest {
    private static final int STORES = 4;
    private static final int IDS = 20_000;
    private static final Duration WINDOW = Duration.ofHours(24);

    @TempDir
    Path directory;

    @Test
    void manyStoresStayWithinOneLimit() {
        // Given several stores, each with more than its part of the memory to keep
        try (StateMemory memory = new StateMemory(4L << 20);
                TopologyTestDriver driver = new TopologyTestDriver(topology(), properties(memory))) {
            for (int s = 0; s < STORES; s++) {
                WindowStore<String, String> store = driver.getWindowStore(name(s));

                // When
                for (int i = 0; i < IDS; i++) {
                    store.put("acme/a\n" + "some longer id of an example " + i, "0".repeat(64), i);
                }
            }

            // Then all of it was kept, within the limit as soon as the full memtables, which RocksDB's own thread
            // writes, are on disk
            await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(memory.usedBytes())
                    .isPositive()
                    .isLessThanOrEqualTo(memory.limitBytes() * 5 / 4));
            for (int s = 0; s < STORES; s++) {
                WindowStore<String, String> store = driver.getWindowStore(name(s));
                assertThat(store.fetch("acme/a\nsome longer id of an example 17", 17L))
                        .hasSize(64);
            }
        }
    }

    private static String name(int store) {
        return "seen-ids" + store;
    }

    private static Topology topology() {
        Topology topology = new Topology();
        topology.addSource(
                "source", Serdes.String().deserializer(), Serdes.String().deserializer(), "t.in");
        topology.addProcessor("processor", Nothing::new, "source");
        for (int s = 0; s < STORES; s++) {
            topology.addStateStore(
                    Stores.windowStoreBuilder(
                            Stores.persistentWindowStore(name(s), WINDOW, WINDOW, false),
                            Serdes.String(),
                            Serdes.String()),
                    "processor");
        }
        return topology;
    }

    private static final class Nothing implements Processor<String, String, Void, Void> {
        @Override
        public void process(Record<String, String> record) {}
    }

    private Properties properties(StateMemory memory) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "memory");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "127.0.0.1:9");
        properties.put(StreamsConfig.STATE_DIR_CONFIG, directory.toString());
        properties.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, StateMemory.Bounds.class);
        properties.put(StateMemory.CONFIG, memory);
        return properties;
    }
}
