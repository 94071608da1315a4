package io.millrace.vector;

import java.util.List;

/** An adapter, ready for rows that go through it. */
public final class RowAdapter {
    /** Modules of a block that share their input make a site. */
    public static final int SITES_OF_A_BLOCK = 4;

    private final List<List<Module>> sites;
    private final int roomForRanks;

    /** @param sites for each block: q|k|v, o, gate|up, down; of each those modules that the adapter has */
    public RowAdapter(List<List<Module>> sites) {
        this.sites = List.copyOf(sites);
        this.roomForRanks = sites.stream()
                .flatMap(List::stream)
                .mapToInt(module -> module.matrices().roomForRanks())
                .max()
                .orElse(0);
    }

    /** @param firstOutput where the module's outputs begin among those of its site */
    public record Module(int firstOutput, LoraMatrices matrices) {}

    /** @param weight that the adapter counts with in the row */
    public record Weighted(RowAdapter adapter, float weight) {}

    /** Bytes of the heap. */
    public long sizeBytes() {
        return sites.stream()
                .flatMap(List::stream)
                .mapToLong(module -> module.matrices().sizeBytes())
                .sum();
    }

    void add(int site, float weight, float[] x, int xStart, float[] y, int yStart, float[] ranks) {
        for (Module module : sites.get(site)) {
            module.matrices().add(weight, x, xStart, y, yStart + module.firstOutput(), ranks);
        }
    }

    /** Numbers that {@link #add} needs room for. */
    int roomForRanks() {
        return roomForRanks;
    }
}
