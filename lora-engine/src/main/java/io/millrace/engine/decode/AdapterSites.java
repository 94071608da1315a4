package io.millrace.engine.decode;

import io.millrace.core.ModuleShape;
import java.util.ArrayList;
import java.util.List;

/**
 * Where adapters add something: a block's linear modules that share their input are one site. Four in a block, in this
 * order: q, k and v; o; gate and up; down.
 */
final class AdapterSites {
    /** Linear modules of a block. */
    private static final int MODULES = 7;

    private static final int SITES = 4;

    /** Where each site begins among a block's modules, and where the last one ends. */
    private static final int[] BEGINS = {0, 3, 4, 6, MODULES};

    private AdapterSites() {}

    /**
     * The sites of all blocks, one after the other.
     *
     * @param modules the base's linear modules, block by block
     */
    static List<List<ModuleShape>> of(List<ModuleShape> modules) {
        List<List<ModuleShape>> sites = new ArrayList<>();
        for (int block = 0; block < modules.size(); block += MODULES) {
            for (int s = 0; s < SITES; s++) {
                sites.add(modules.subList(block + BEGINS[s], block + BEGINS[s + 1]));
            }
        }
        return sites;
    }
}
