package io.millrace.engine.decode;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Rows whose prompts are being computed, in the order in which they came, and for as long as one of them needs it a set of
 * its own adapters alone. For the decode thread alone.
 */
final class JoiningRows implements AutoCloseable {
    private final DecodeModel model;
    private final List<Row> rows = new ArrayList<>();
    private final Map<Set<AdapterTensors>, AdapterSet> ownSets = new HashMap<>();

    JoiningRows(DecodeModel model) {
        this.model = model;
    }

    /** @param end prompt tokens that are computed after the next pass */
    record Share(Row row, int end) {
        int tokens() {
            return end - row.computed();
        }
    }

    List<Row> rows() {
        return List.copyOf(rows);
    }

    int size() {
        return rows.size();
    }

    void add(Row row) {
        rows.add(row);
    }

    /** Prompt tokens that aren't computed yet. */
    int tokensLeft() {
        return rows.stream()
                .mapToInt(row -> row.request().promptIds().length - row.computed())
                .sum();
    }

    /** Which rows get how far with so many tokens, first come first served. */
    List<Share> shares(int tokens) {
        List<Share> shares = new ArrayList<>();
        int left = tokens;
        for (int i = 0; i < rows.size() && left > 0; i++) {
            Row row = rows.get(i);
            Share share = new Share(row, Math.min(row.request().promptIds().length, row.computed() + left));
            left -= share.tokens();
            shares.add(share);
        }
        return shares;
    }

    AdapterSet ownSet(Row row) {
        return ownSets.computeIfAbsent(row.adapters(), model::passingSet);
    }

    void remove(List<Row> gone) {
        rows.removeAll(gone);
        Set<Set<AdapterTensors>> used = rows.stream().map(Row::adapters).collect(Collectors.toSet());
        ownSets.entrySet().removeIf(entry -> {
            boolean unused = !used.contains(entry.getKey());
            if (unused) {
                entry.getValue().close();
            }
            return unused;
        });
    }

    @Override
    public void close() {
        remove(rows());
    }
}
