package io.millrace.router.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.registry.VersionEntry;
import io.millrace.router.Fold;
import io.millrace.router.NoMetrics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class AdapterCacheTest {
    private static final AdapterWeights WEIGHTS = AdapterWeights.of(
            LoraConfig.of(1, 2, 0, Set.of("q_proj")),
            Map.of("model.layers.0.self_attn.q_proj", new LoraPair(1, 2, 2, new float[2], new float[2])));

    private final Fold registry = new Fold();
    private final List<OnDevice> loaded = new ArrayList<>();
    private final AtomicInteger weightsRead = new AtomicInteger();

    /** Device memory that says when it is freed. */
    private static final class OnDevice implements LoadedAdapter {
        private boolean closed;

        @Override
        public LoraConfig config() {
            return WEIGHTS.config();
        }

        @Override
        public long sizeBytes() {
            return 100;
        }

        @Override
        public void close() {
            assertThat(closed).isFalse();
            closed = true;
        }
    }

    private AdapterCache cache(long maxBytes, Executor executor) {
        return new AdapterCache(
                version -> {
                    weightsRead.incrementAndGet();
                    return WEIGHTS;
                },
                weights -> {
                    OnDevice adapter = new OnDevice();
                    synchronized (loaded) {
                        loaded.add(adapter);
                    }
                    return adapter;
                },
                maxBytes,
                executor,
                new NoMetrics());
    }

    @Test
    void loadsAVersionOnceHoweverManyAskForIt() {
        // Given
        VersionEntry version = registry.publish("a/b", true);
        var threads = Executors.newFixedThreadPool(8);
        AdapterCache cache = cache(1000, threads);

        // When
        List<CompletableFuture<Lease>> leases = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            leases.add(cache.acquire(version));
        }
        List<Lease> held = leases.stream().map(CompletableFuture::join).toList();
        threads.shutdown();

        // Then
        assertThat(loaded).hasSize(1);
        assertThat(weightsRead).hasValue(1);
        assertThat(held).allSatisfy(l -> assertThat(l.adapter()).isSameAs(loaded.get(0)));
    }

    @Test
    void evictsTheLeastRecentlyUsedVersionButNoneThatIsInUse() {
        // Given
        AdapterCache cache = cache(250, Runnable::run);
        VersionEntry first = registry.publish("a/one", true);
        VersionEntry second = registry.publish("a/two", true);
        VersionEntry third = registry.publish("a/three", true);
        Lease inUse = cache.acquire(first).join();
        cache.acquire(second).join().close();

        // When
        cache.acquire(third).join().close();

        // Then: the first is older but leased
        assertThat(loaded.get(0).closed).isFalse();
        assertThat(loaded.get(1).closed).isTrue();
        assertThat(loaded.get(2).closed).isFalse();
        assertThat(cache.isLoaded(second.id())).isFalse();

        // When
        inUse.close();
        inUse.close();
        cache.acquire(second).join().close();

        // Then: now it goes
        assertThat(loaded.get(0).closed).isTrue();
        assertThat(loaded).hasSize(4);
    }

    @Test
    void whatIsPinnedMayExceedTheBudgetUntilItIsGivenBack() {
        // Given
        AdapterCache cache = cache(100, Runnable::run);
        Lease one = cache.acquire(registry.publish("a/one", true)).join();
        Lease two = cache.acquire(registry.publish("a/two", true)).join();
        assertThat(loaded).noneMatch(l -> l.closed);

        // When
        one.close();

        // Then
        assertThat(loaded.get(0).closed).isTrue();
        assertThat(loaded.get(1).closed).isFalse();
        two.close();
        assertThat(loaded.get(1).closed).isFalse();
        cache.close();
        assertThat(loaded.get(1).closed).isTrue();
    }

    @Test
    void aFailedLoadIsTriedAgainByTheNextRequest() {
        // Given
        AtomicInteger attempts = new AtomicInteger();
        AdapterCache cache = new AdapterCache(
                version -> {
                    if (attempts.incrementAndGet() == 1) {
                        throw new MillraceException(ErrorCode.STORE_UNAVAILABLE, "the store is down");
                    }
                    return WEIGHTS;
                },
                weights -> new OnDevice(),
                1000,
                Runnable::run,
                new NoMetrics());
        VersionEntry version = registry.publish("a/b", true);

        // Then
        assertThatThrownBy(() -> cache.acquire(version).join()).hasRootCauseMessage("the store is down");
        assertThat(cache.acquire(version).join().version()).isEqualTo(version);
    }
}
