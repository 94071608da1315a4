package io.millrace.router.lease;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.VersionEntry;
import io.millrace.router.Fold;
import io.millrace.router.NoMetrics;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ChampionsTest {
    private final Fold registry = new Fold();
    private final Map<VersionEntry, CompletableFuture<Lease>> loading = new LinkedHashMap<>();
    private final SteppedClock clock = new SteppedClock();
    private final Champions champions = new Champions(
            version -> loading.computeIfAbsent(version, v -> new CompletableFuture<>()), clock, new NoMetrics());

    private static final class SteppedClock extends Clock {
        private Instant now = Instant.EPOCH;

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    }

    private record Nothing() implements LoadedAdapter {
        @Override
        public LoraConfig config() {
            return LoraConfig.defaults();
        }

        @Override
        public long sizeBytes() {
            return 1;
        }

        @Override
        public void close() {}
    }

    private void arrives(VersionEntry version) {
        loading.get(version).complete(new Lease(version, new Nothing(), () -> {}));
    }

    private VersionEntry served() {
        AdapterEntry adapter = registry.adapter("a/b");
        return champions.served(adapter, registry.version("a/b", "champion"));
    }

    @Test
    void aNewChampionAnswersOnceItIsLoadedAndTheOldOneUntilThen() {
        // Given
        VersionEntry first = registry.publish("a/b", true);
        champions.follow(registry.view(), false);
        assertThat(loading).isEmpty();

        // When
        VersionEntry second = registry.publish("a/b", true);
        champions.follow(registry.view(), true);

        // Then
        assertThat(served()).isEqualTo(first);
        arrives(second);
        assertThat(served()).isEqualTo(second);
        assertThat(champions.behind()).isEmpty();
    }

    @Test
    void aChampionThatCannotBeLoadedIsReportedAndTriedAgain() {
        // Given
        VersionEntry first = registry.publish("a/b", true);
        champions.follow(registry.view(), false);
        VersionEntry second = registry.publish("a/b", true);
        champions.follow(registry.view(), true);

        // When
        loading.remove(second).completeExceptionally(new MillraceException(ErrorCode.DIGEST_MISMATCH, "other bytes"));

        // Then
        assertThat(served()).isEqualTo(first);
        assertThat(champions.behind()).containsEntry("a/b", "v2 can't be loaded: other bytes");
        champions.follow(registry.view(), true);
        assertThat(loading).doesNotContainKey(second);

        // When
        clock.now = clock.now.plus(Duration.ofSeconds(1));
        champions.follow(registry.view(), true);
        arrives(second);

        // Then
        assertThat(served()).isEqualTo(second);
        assertThat(champions.behind()).isEmpty();
    }

    @Test
    void anAdaptersFirstChampionAnswersAtOnceAndIsLoadedAhead() {
        champions.follow(registry.view(), false);
        VersionEntry first = registry.publish("a/b", true);
        assertThat(served()).isEqualTo(first);
        champions.follow(registry.view(), true);
        assertThat(loading).containsOnlyKeys(first);
    }

    @Test
    void aRolledBackChampionIsServedAgainWithoutWaitingForTheFailedOne() {
        // Given
        VersionEntry first = registry.publish("a/b", true);
        champions.follow(registry.view(), false);
        VersionEntry second = registry.publish("a/b", true);
        champions.follow(registry.view(), true);
        loading.get(second).completeExceptionally(new MillraceException(ErrorCode.INVALID_ADAPTER, "NaN"));

        // When
        registry.alias("a/b", "champion", first);
        champions.follow(registry.view(), true);

        // Then
        assertThat(served()).isEqualTo(first);
        assertThat(champions.behind()).isEmpty();
    }

    @Test
    void aRetiredVersionStopsEvenWhileItsSuccessorIsLoaded() {
        // Given
        VersionEntry first = registry.publish("a/b", true);
        champions.follow(registry.view(), false);
        VersionEntry second = registry.publish("a/b", true);
        champions.follow(registry.view(), true);
        assertThat(served()).isEqualTo(first);

        // When
        registry.retire(first);

        // Then
        assertThat(served()).isEqualTo(second);
    }
}
