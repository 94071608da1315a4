package io.millrace.engine.train;

import io.millrace.core.AdapterWeights;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.core.safetensors.SafetensorsFile;
import io.millrace.core.safetensors.SafetensorsWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Weights and moments as flat vectors in an {@link AdapterLayout}, and their exchange formats.
 *
 * @param average running average of the weights, where one is kept
 * @param moments first and second moments of AdamW; empty before the first step, when all are zero
 */
record FlatState(float[] weights, Optional<Moments> moments, Optional<float[]> average, long step) {
    /** Flat vectors in the same layout. */
    record Moments(float[] m, float[] v) {}

    private static final List<String> MATRICES = List.of(".lora_A", ".lora_B");
    private static final List<String> PARTS = List.of("", ".m", ".v");
    private static final List<String> PARTS_AND_AVERAGE = List.of("", ".m", ".v", ".avg");

    /** A Kaiming uniform with a = sqrt(5), which is uniform within 1 / sqrt(in); B zero. */
    static FlatState initial(AdapterLayout layout, long seed) {
        float[] weights = new float[layout.size()];
        List<AdapterLayout.Place> places = layout.places();
        for (int i = 0; i < places.size(); i++) {
            AdapterLayout.Place place = places.get(i);
            SplitMix random = new SplitMix(SplitMix.mix(seed, i));
            float bound = (float) (1 / Math.sqrt(place.module().in()));
            int end = place.a() + layout.rank() * place.module().in();
            for (int j = place.a(); j < end; j++) {
                weights[j] = (2 * random.nextFloat() - 1) * bound;
            }
        }
        return new FlatState(weights, Optional.empty(), Optional.empty(), 0);
    }

    /** @throws MillraceException {@code invalid_adapter} where modules or shapes differ from the base's */
    static FlatState of(AdapterLayout layout, AdapterWeights adapter) {
        float[] weights = new float[layout.size()];
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
            System.arraycopy(pair.a(), 0, weights, place.a(), pair.a().length);
            System.arraycopy(pair.b(), 0, weights, place.b(), pair.b().length);
        }
        if (!unused.isEmpty()) {
            throw invalid("this base has no target " + unused.iterator().next());
        }
        return new FlatState(weights, Optional.empty(), Optional.empty(), 0);
    }

    /** @throws MillraceException {@code invalid_adapter} where the content doesn't fit the layout */
    static FlatState of(AdapterLayout layout, AdapterState state) {
        try (SafetensorsFile file = SafetensorsFile.of(state.content())) {
            int matrices = layout.places().size() * MATRICES.size();
            int tensors = file.tensors().size();
            List<String> parts = tensors == matrices * PARTS_AND_AVERAGE.size() ? PARTS_AND_AVERAGE : PARTS;
            if (tensors != matrices * parts.size()) {
                throw invalid("its state has " + tensors + " tensors, this base needs " + matrices * parts.size());
            }
            float[][] flat = new float[parts.size()][layout.size()];
            for (AdapterLayout.Place place : layout.places()) {
                for (int part = 0; part < flat.length; part++) {
                    String path = place.module().path();
                    copy(file, path + ".lora_A" + parts.get(part), shapeA(layout, place), flat[part], place.a());
                    copy(file, path + ".lora_B" + parts.get(part), shapeB(layout, place), flat[part], place.b());
                }
            }
            Optional<float[]> average =
                    parts.size() > PARTS.size() ? Optional.of(flat[PARTS.size()]) : Optional.empty();
            return new FlatState(flat[0], Optional.of(new Moments(flat[1], flat[2])), average, state.step());
        }
    }

    private static void copy(SafetensorsFile file, String name, long[] shape, float[] flat, int at) {
        List<Long> wanted = Arrays.stream(shape).boxed().toList();
        if (file.find(name).filter(info -> info.shape().equals(wanted)).isEmpty()) {
            throw invalid("its state has no " + name + " of shape " + wanted);
        }
        float[] values = file.floats(name);
        System.arraycopy(values, 0, flat, at, values.length);
    }

    AdapterState state(AdapterLayout layout, LoraConfig config) {
        SafetensorsWriter writer = new SafetensorsWriter();
        float[] zeros = moments.isPresent() ? new float[0] : new float[layout.size()];
        List<float[]> flat = new ArrayList<>(List.of(
                weights,
                moments.map(Moments::m).orElse(zeros),
                moments.map(Moments::v).orElse(zeros)));
        average.ifPresent(flat::add);
        for (AdapterLayout.Place place : layout.places()) {
            for (int part = 0; part < flat.size(); part++) {
                String path = place.module().path();
                String suffix = PARTS_AND_AVERAGE.get(part);
                add(writer, path + ".lora_A" + suffix, shapeA(layout, place), flat.get(part), place.a());
                add(writer, path + ".lora_B" + suffix, shapeB(layout, place), flat.get(part), place.b());
            }
        }
        return new AdapterState(config, step, writer.toBytes());
    }

    private static void add(SafetensorsWriter writer, String name, long[] shape, float[] flat, int at) {
        writer.add(name, shape, flat, at, at + size(shape));
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
                            slice(flat, place.a(), shapeA(layout, place)),
                            slice(flat, place.b(), shapeB(layout, place))));
        }
        return AdapterWeights.of(config, modules);
    }

    private static long[] shapeA(AdapterLayout layout, AdapterLayout.Place place) {
        return new long[] {layout.rank(), place.module().in()};
    }

    private static long[] shapeB(AdapterLayout layout, AdapterLayout.Place place) {
        return new long[] {place.module().out(), layout.rank()};
    }

    private static int size(long[] shape) {
        return Math.toIntExact(shape[0] * shape[1]);
    }

    private static float[] slice(float[] flat, int at, long[] shape) {
        return Arrays.copyOfRange(flat, at, at + size(shape));
    }

    private static MillraceException invalid(String what) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, "the adapter doesn't fit: " + what);
    }
}
