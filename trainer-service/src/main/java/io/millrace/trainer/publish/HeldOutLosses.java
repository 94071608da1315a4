package io.millrace.trainer.publish;

import io.millrace.core.AdapterName;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.trainer.train.Archives;
import io.millrace.trainer.train.Examples;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Losses on an adapter's held-out examples. Those of the base and of a champion never change, so each is computed once
 * an example. For the training thread alone.
 */
final class HeldOutLosses {
    private static final int CACHED_MODELS = 64;

    private final Examples examples;
    private final Archives archives;
    private final Map<String, Map<ExampleRef, Double>> known = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Map<ExampleRef, Double>> eldest) {
            return size() > CACHED_MODELS;
        }
    };

    HeldOutLosses(Examples examples, Archives archives) {
        this.examples = examples;
        this.archives = archives;
    }

    /** A held-out example, ready to be measured with. */
    record Item(ExampleRef reference, TrainingSequence sequence) {}

    /** Those that still make a sequence under the adapter's settings. */
    List<Item> items(Collection<ExampleRef> heldOut, int maxLength) {
        List<Item> items = new ArrayList<>();
        for (ExampleRef reference : heldOut) {
            try {
                items.add(new Item(reference, examples.sequence(archives.get(reference), maxLength)));
            } catch (MillraceException e) {
                if (e.code().retryable()) {
                    throw e;
                }
            }
        }
        return items;
    }

    /**
     * Loss of each item.
     *
     * @param model names what is measured: a version's id, or the base
     * @param losses computes those that aren't known
     */
    Map<ExampleRef, Double> of(
            AdapterName adapter, String model, List<Item> items, Function<List<TrainingSequence>, double[]> losses) {
        Map<ExampleRef, Double> of = known.computeIfAbsent(adapter + "@" + model, m -> new HashMap<>());
        List<Item> unknown =
                items.stream().filter(i -> !of.containsKey(i.reference())).toList();
        if (!unknown.isEmpty()) {
            double[] computed =
                    losses.apply(unknown.stream().map(Item::sequence).toList());
            for (int i = 0; i < computed.length; i++) {
                of.put(unknown.get(i).reference(), computed[i]);
            }
        }
        return of;
    }

    /** The candidate became a version: what was measured of it holds for the version. */
    void rename(AdapterName adapter, String candidate, String version) {
        Map<ExampleRef, Double> of = known.remove(adapter + "@" + candidate);
        if (of != null) {
            known.put(adapter + "@" + version, of);
        }
    }
}
