package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Weights and moments as flat vectors in an {@link AdapterLayout}.
 *
 * @param average running average of the weights, where one is kept
 * @param moments first and second moments of AdamW; empty before the first step, when all are zero
 */
record FlatState(FlatValues weights, Optional<Moments> moments, Optional<FlatValues> average, long step) {

    /** Flat vectors in the same layout. */
    record Moments(FlatValues m, FlatValues v) {}

    /** A layout without adapters has no weights to start from. */
    static FlatState none() {
        return untrained(flat -> {});
    }

    private static FlatState untrained(FlatValues weights) {
        return new FlatState(weights, Optional.empty(), Optional.empty(), 0);
    }

    /** A Kaiming uniform with a = sqrt(5), which is uniform within 1 / sqrt(in); B zero. */
    static FlatState initial(AdapterLayout layout, long seed) {
        return untrained(flat -> {
            List<AdapterLayout.Place> places = layout.places();
            for (int i = 0; i < places.size(); i++) {
                AdapterLayout.Place place = places.get(i);
                SplitMix random = new SplitMix(SplitMix.mix(seed, i));
                float bound = (float) (1 / Math.sqrt(place.module().in()));
                int end = place.a() + layout.rank() * place.module().in();
                for (int j = place.a(); j < end; j++) {
                    flat.put(j, (2 * random.nextFloat() - 1) * bound);
                }
            }
        });
    }

    /** @throws MillraceException {@code invalid_adapter} where modules or shapes differ from the base's */
    static FlatState of(AdapterLayout layout, AdapterWeights adapter) {
        Set<String> unused = new TreeSet<>(adapter.modules().keySet());
        for (AdapterLayout.Place place : layout.places()) {
            String path = place.module().path();
            LoraPair pair = Optional.ofNullable(adapter.modules().get(path))
                    .orElseThrow(() -> invalid("it has no matrices for " + path));
            unused.remove(path);
            if (pair.rank() != layout.rank()
                    || pair.in() != place.module().in()
                    || pair.out() != place.module().out()) {
                throw invalid(path + " has A [" + pair.rank() + ", " + pair.in() + "] and B [" + pair.out() + ", "
                        + pair.rank() + "]; this base needs rank " + layout.rank() + ", in "
                        + place.module().in() + ", out " + place.module().out());
            }
        }
        if (!unused.isEmpty()) {
            throw invalid("this base has no target " + unused.iterator().next());
        }
        return untrained(flat -> {
            for (AdapterLayout.Place place : layout.places()) {
                LoraPair pair = adapter.modules().get(place.module().path());
                flat.put(place.a(), pair.a());
                flat.put(place.b(), pair.b());
            }
        });
    }

    /** @throws MillraceException {@code invalid_adapter} where the content doesn't fit the layout */
    static FlatState of(AdapterLayout layout, AdapterState state) {
        List<FlatValues> parts = StateFormat.read(layout, state.content());
        Optional<FlatValues> average = parts.size() > 3 ? Optional.of(parts.get(3)) : Optional.empty();
        return new FlatState(parts.get(0), Optional.of(new Moments(parts.get(1), parts.get(2))), average, state.step());
    }

    static AdapterWeights weights(AdapterLayout layout, LoraConfig config, float[] flat) {
        Map<String, LoraPair> modules = new TreeMap<>();
        for (AdapterLayout.Place place : layout.places()) {
            modules.put(
                    place.module().path(),
                    new LoraPair(
                            layout.rank(),
                            place.module().in(),
                            place.module().out(),
                            slice(flat, place.a(), layout.shapeA(place)),
                            slice(flat, place.b(), layout.shapeB(place))));
        }
        return AdapterWeights.of(config, modules);
    }

    private static float[] slice(float[] flat, int at, long[] shape) {
        return Arrays.copyOfRange(flat, at, at + Math.toIntExact(shape[0] * shape[1]));
    }

    private static MillraceException invalid(String what) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, "the adapter doesn't fit: " + what);
    }
}
