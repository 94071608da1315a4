package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.core.LoraConfig;
import io.millrace.core.ModuleShape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.LongStream;

/**
 * Where each matrix of an adapter stands in one flat vector. Block by block: the A of each group of modules that share
 * an input, one module below the other, then the B of each module. So the A of a group is one matrix of the vector, and
 * optimizer and norm see a single tensor.
 */
final class AdapterLayout {
    /** The groups that share an input: q|k|v, o, gate|up, down. */
    static final int GROUPS = 4;

    /** Sizes are padded to this, so that the norm is summed in parts of fixed size. */
    static final int PADDING = 1024;

    private static final int MODULES = LoraConfig.ALL_LINEAR.size();

    private final BaseDescription base;
    private final int rank;
    private final SortedSet<String> targets;
    private final List<Place> places = new ArrayList<>();
    private final long[] views;
    private final int blockSize;

    /**
     * One adapted module.
     *
     * @param a where A [rank, in] begins
     * @param b where B [out, rank] begins
     */
    record Place(ModuleShape module, int a, int b) {}

    /** @param config empty: a layout without any adapter */
    AdapterLayout(BaseDescription base, Optional<LoraConfig> config) {
        this.base = base;
        this.rank = config.map(LoraConfig::rank).orElse(1);
        this.targets = config.map(LoraConfig::targetModules).orElse(new TreeSet<>());
        List<ModuleShape> modules = base.linearModules();
        LongStream.Builder triples = LongStream.builder();
        int[] next = {0};
        for (int block = 0; block < base.layers(); block++) {
            layBlock(modules.subList(block * MODULES, (block + 1) * MODULES), next, triples);
        }
        this.views = triples.build().toArray();
        this.blockSize = base.layers() == 0 ? 0 : next[0] / base.layers();
    }

    private void layBlock(List<ModuleShape> block, int[] next, LongStream.Builder triples) {
        Map<String, Integer> a = new HashMap<>();
        for (int group = 0; group < GROUPS; group++) {
            int begin = next[0];
            int rows = 0;
            int width = 0;
            for (ModuleShape module : block) {
                if (group(module) == group) {
                    width = module.in();
                    if (targets.contains(module.suffix())) {
                        a.put(module.path(), next[0]);
                        next[0] = Math.addExact(next[0], Math.multiplyExact(rank, width));
                        rows += rank;
                    }
                }
            }
            triples.add(begin).add(rows).add(width);
        }
        for (ModuleShape module : block) {
            if (targets.contains(module.suffix())) {
                places.add(new Place(module, a.get(module.path()), next[0]));
                triples.add(next[0]).add(module.out()).add(rank);
                next[0] = Math.addExact(next[0], Math.multiplyExact(rank, module.out()));
            }
        }
    }

    private static int group(ModuleShape module) {
        return switch (module.suffix()) {
            case "q_proj", "k_proj", "v_proj" -> 0;
            case "o_proj" -> 1;
            case "gate_proj", "up_proj" -> 2;
            default -> 3;
        };
    }

    int rank() {
        return rank;
    }

    SortedSet<String> targets() {
        return targets;
    }

    List<Place> places() {
        return List.copyOf(places);
    }

    /** Of the module's A. */
    long[] shapeA(Place place) {
        return new long[] {rank, place.module().in()};
    }

    /** Of the module's B. */
    long[] shapeB(Place place) {
        return new long[] {place.module().out(), rank};
    }

    /** Elements of the flat vector, padding included. */
    int size() {
        int used = Math.multiplyExact(blockSize, base.layers());
        return Math.max(PADDING, Math.addExact(used, PADDING - 1) / PADDING * PADDING);
    }

    /** Matrices of one block: four A, then a B for each target. */
    int viewsPerBlock() {
        return GROUPS + targets.size();
    }

    /** All matrices: [begin, rows, columns] each. */
    long[] views() {
        return views.clone();
    }

    /** LoRA columns of each group. */
    int[] columns() {
        int[] columns = new int[GROUPS];
        for (ModuleShape module : base.linearModules().subList(0, MODULES)) {
            columns[group(module)] += targets.contains(module.suffix()) ? rank : 0;
        }
        return columns;
    }

    /** For each target of a block [group, first row, last row, first column, last column] in the group's joint weight. */
    long[] spec() {
        LongStream.Builder spec = LongStream.builder();
        int[] row = new int[GROUPS];
        int[] column = new int[GROUPS];
        for (ModuleShape module : base.linearModules().subList(0, MODULES)) {
            int group = group(module);
            if (targets.contains(module.suffix())) {
                spec.add(group).add(row[group]).add(row[group] + module.out());
                spec.add(column[group]).add(column[group] + rank);
                column[group] += rank;
            }
            row[group] += module.out();
        }
        return spec.build().toArray();
    }
}
