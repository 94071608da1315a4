package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that nobody can parse or train, anywhere among good ones: they stop nothing, and are kept. */
class PoisonTest {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final int RECORDS = 150;

    @TempDir
    static Path directory;

    private static final List<String> EVERY_BROKEN = new ArrayList<>();
    private static Platform platform;
    private static Trainer trainer;

    @BeforeAll
    static void start() {
        platform = new Platform(directory, 2);
        trainer = platform.trainer("w1");
    }

    @AfterAll
    static void stop() {
        trainer.close();
        platform.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void brokenRecordsStopNothingWhereverTheyStand(long seed) {
        // Given good records of three adapters, with broken ones at random places, also first, last and in a row
        SplittableRandom random = new SplittableRandom(seed);
        int good = 0;
        for (int i = 0; i < RECORDS; i++) {
            if (i == 0 || i == RECORDS - 1 || random.nextInt(4) == 0) {
                Optional<byte[]> record = broken(random, seed, i);
                EVERY_BROKEN.add(words(record));
                platform.produce(record);
            } else {
                good++;
                platform.produce(Optional.of(good(seed, random.nextInt(3), i, "said " + i % 5)));
            }
        }
        platform.flush();
        long records = platform.produced();

        // When all have an outcome
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(200))
                .until(() -> platform.outcomes().size() == records);

        // Then each good one was trained or held out, once, and each broken one is kept as it came
        List<String> outcomes = platform.outcomes().values().stream()
                .filter(o -> o.path("adapter").asText().startsWith("good" + seed + "/"))
                .map(o -> o.path("outcome").asText())
                .toList();
        assertThat(outcomes).hasSize(good).allMatch(o -> o.equals("TRAINED") || o.equals("HELD_OUT"));
        platform.assertEachTrainedOnce();
        assertThat(platform.deadLetters())
                .extracting(letter -> words(Optional.ofNullable(letter.value())))
                .containsExactlyInAnyOrderElementsOf(EVERY_BROKEN);
        assertThat(trainer.ready()).isTrue();
    }

    private static byte[] good(long seed, int adapter, int id, String completion) {
        return record("good" + seed + "/" + (char) ('a' + adapter), "" + id, completion);
    }

    private static byte[] record(String adapter, String id, String completion) {
        return ("{\"adapter\":\"" + adapter + "\",\"id\":\"" + id + "\",\"prompt\":\"say " + id + "\",\"completion\":\""
                        + completion + "\"}")
                .getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<byte[]> broken(SplittableRandom random, long seed, int id) {
        byte[] whole = good(seed, 0, id, "said");
        return switch (random.nextInt(7)) {
            case 0 -> Optional.empty();
            case 1 -> {
                byte[] noise = new byte[1 + random.nextInt(300)];
                random.nextBytes(noise);
                yield Optional.of(noise);
            }
            case 2 -> Optional.of(Arrays.copyOf(whole, random.nextInt(whole.length)));
            case 3 -> Optional.of("[".repeat(1 + random.nextInt(50_000)).getBytes(StandardCharsets.UTF_8));
            case 4 -> Optional.of(record("no name", "" + id, "said"));
            case 5 -> Optional.of(record("broken" + seed + "/a", "" + id, ""));
            // Only the tokenizer sees that it is too long: it is refused with its round.
            default -> Optional.of(record("broken" + seed + "/b", "" + id, "much too long ".repeat(400)));
        };
    }

    private static String words(Optional<byte[]> value) {
        return value.map(HexFormat.of()::formatHex).orElse("no value");
    }
}
