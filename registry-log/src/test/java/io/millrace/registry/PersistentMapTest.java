package io.millrace.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PersistentMapTest {

    @Property(tries = 200, seed = "20260101")
    void behavesAsTheTreeMapItReplaces(@ForAll @Size(max = 300) List<@IntRange(min = -60, max = 60) Integer> steps) {
        // Given both maps, and what the persistent one was before each step
        PersistentMap<Integer, String> map = PersistentMap.empty();
        TreeMap<Integer, String> model = new TreeMap<>();
        List<PersistentMap<Integer, String>> before = new ArrayList<>();
        List<Map<Integer, String>> modelBefore = new ArrayList<>();

        // When keys are put (positive) and removed (negative)
        for (int i = 0; i < steps.size(); i++) {
            before.add(map);
            modelBefore.add(new TreeMap<>(model));
            int key = Math.abs(steps.get(i)) % 40;
            if (steps.get(i) >= 0) {
                map = map.put(key, "v" + i);
                model.put(key, "v" + i);
            } else {
                map = map.remove(key);
                model.remove(key);
            }
        }

        // Then they agree, and no earlier map has changed
        assertSame(map, model);
        for (int i = 0; i < before.size(); i += 17) {
            assertSame(before.get(i), new TreeMap<>(modelBefore.get(i)));
        }
    }

    @Property(tries = 5, seed = "20260101")
    void staysBalancedWhenKeysComeInOrder(@ForAll @IntRange(min = 1000, max = 50_000) int count) {
        PersistentMap<Integer, Integer> map = PersistentMap.empty();
        for (int i = 0; i < count; i++) {
            map = map.put(i, i);
        }

        assertThat(map.size()).isEqualTo(count);
        assertThat(map.at(count - 1)).isEqualTo(count - 1);
        assertThat(map.values()).hasSize(count).startsWith(0, 1, 2);
    }

    private static void assertSame(PersistentMap<Integer, String> map, NavigableMap<Integer, String> model) {
        assertThat(map.size()).isEqualTo(model.size());
        assertThat(map.values()).containsExactlyElementsOf(model.values());
        for (int key = -1; key <= 41; key++) {
            assertThat(map.get(key)).isEqualTo(Optional.ofNullable(model.get(key)));
            assertThat(map.floor(key))
                    .isEqualTo(Optional.ofNullable(model.floorEntry(key)).map(Map.Entry::getValue));
            assertThat(map.countUpTo(key)).isEqualTo(model.headMap(key, true).size());
        }
    }
}
