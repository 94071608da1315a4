package io.millrace.engine.decode;

import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The rows that are generated together, in the first slots of the cache without gaps, and behind them at most one whose
 * prompt is being computed. For the decode thread alone.
 */
final class Batch implements AutoCloseable {
    /**
     * Prompt tokens times ranks of others' adapters, from which on passing them through these costs more than making a set
     * of the row's own adapters. Measured with the shape of SmolLM2-135M.
     */
    private static final long MUCH_FOR_OTHERS = 1024;

    /** Prompt tokens computed at a time where more rows wait for their first token than for their next. */
    private static final int BURST = 256;

    /** Not worth making smaller. */
    private static final int SMALL_RANKS = 32;

    private final DecodeModel model;
    private final DecodeOptions options;
    private final KeyValueCache cache;
    private final List<Row> rows = new ArrayList<>();
    private Optional<Row> joining = Optional.empty();
    private List<Row> expected = List.of();
    private final AdapterSet none;
    private Optional<AdapterSet> set = Optional.empty();
    private Optional<AdapterSet> joiningSet = Optional.empty();
    private Optional<Mix> mix = Optional.empty();

    Batch(DecodeModel model, DecodeOptions options) {
        this.model = model;
        this.options = options;
        this.cache = model.cache();
        this.none = model.set(List.of());
    }

    List<Row> rows() {
        return List.copyOf(rows);
    }

    Optional<Row> joining() {
        return joining;
    }

    boolean isEmpty() {
        return rows.isEmpty() && joining.isEmpty();
    }

    int size() {
        return rows.size() + (joining.isPresent() ? 1 : 0);
    }

    /** Whether there is a free row, and room in the cache until the longest of all rows has come to its limit. */
    boolean takes(Row row) {
        if (joining.isPresent() || rows.size() >= options.maxRows()) {
            return false;
        }
        int longest =
                Math.max(row.limit(), rows.stream().mapToInt(Row::limit).max().orElse(0));
        return rows.isEmpty() || (rows.size() + 1L) * KeyValueCache.roundUp(longest) <= options.maxCacheTokens();
    }

    int freeRows() {
        return options.maxRows() - size();
    }

    /** Rows that will soon join: a new set of adapters is made to serve them too. */
    void expect(List<Row> waiting) {
        expected = waiting;
    }

    void start(Row row) {
        joining = Optional.of(row);
        cache.shrinkTo(longestLimit());
        Set<AdapterTensors> own = adapters(List.of(row));
        Set<AdapterTensors> all = adapters(rows);
        all.addAll(adapters(expected));
        int others = ranks(all) - ranks(own);
        if ((long) row.request().promptIds().length * others > MUCH_FOR_OTHERS) {
            joiningSet = Optional.of(model.passingSet(own));
        }
    }

    /**
     * How many prompt tokens may be computed before the running rows' next token. They wait for one chunk at most, unless
     * as many rows or more came at once: a step takes nearly as long for few rows as for all.
     */
    int prefillTokens() {
        boolean burst = rows.isEmpty() || expected.size() >= Math.max(2, rows.size());
        return burst ? Math.max(options.prefillChunk(), BURST) : options.prefillChunk();
    }

    /**
     * Computes the next part of the joining row's prompt.
     *
     * @param atMost tokens
     * @return the logits [1, vocab] of its first token, once the prompt is done: the row is then one of {@link #rows}
     */
    Optional<Tensor> prefill(int atMost) {
        Row row = joining.orElseThrow();
        int[] prompt = row.request().promptIds();
        int start = row.computed();
        int end = Math.min(prompt.length, start + atMost);
        cache.ensure(slotsFor(rows.size() + 1), end);
        AdapterSet used = joiningSet.orElseGet(this::sharedSet);
        Tensor logits = model.prefill(
                Arrays.copyOfRange(prompt, start, end),
                start,
                rows.size(),
                false,
                cache,
                used,
                row.request().adapters());
        row.computed(end - start);
        if (!row.prompted()) {
            logits.close();
            return Optional.empty();
        }
        endJoining();
        rows.add(row);
        rowsChanged();
        return Optional.of(logits);
    }

    /** Computes each row's last token. @return logits [rows, vocab] */
    Tensor step() {
        int count = rows.size();
        long[] tokens = new long[count];
        long[] positions = new long[count];
        int longest = 0;
        for (int i = 0; i < count; i++) {
            tokens[i] = rows.get(i).lastToken();
            positions[i] = rows.get(i).computed();
            longest = Math.max(longest, rows.get(i).computed() + 1);
        }
        cache.ensure(slotsFor(count), longest);
        AdapterSet used = sharedSet();
        if (mix.filter(m -> m.set() == used).isEmpty()) {
            rowsChanged();
            mix = Optional.of(new Mix(
                    used,
                    used.weights(
                            rows.stream().map(row -> row.request().adapters()).toList())));
        }
        Tensor logits =
                model.decode(tokens, positions, cache, used, mix.orElseThrow().weights());
        rows.forEach(row -> row.computed(1));
        return logits;
    }

    /**
     * Frees a row's slot.
     *
     * @param tainted whether its keys and values may hold a NaN
     */
    void remove(Row row, boolean tainted) {
        if (joining.filter(row::equals).isPresent()) {
            if (tainted) {
                cache.clear(rows.size());
            }
            endJoining();
        } else {
            int slot = rows.indexOf(row);
            if (slot < 0) {
                return;
            }
            int last = rows.size() - 1;
            if (tainted) {
                cache.clear(slot);
            }
            if (slot < last) {
                cache.move(last, slot, rows.get(last).computed());
                rows.set(slot, rows.get(last));
            }
            rows.remove(last);
            joining.filter(waiting -> waiting.computed() > 0)
                    .ifPresent(waiting -> cache.move(last + 1, last, waiting.computed()));
            rowsChanged();
        }
        if (isEmpty()) {
            cache.drop();
        }
    }

    /** Gives up every row, after a failure that leaves the cache in doubt. */
    List<Row> abandon() {
        List<Row> all = new ArrayList<>(rows);
        joining.ifPresent(all::add);
        endJoining();
        rows.clear();
        rowsChanged();
        cache.drop();
        return all;
    }

    @Override
    public void close() {
        abandon();
        set.ifPresent(AdapterSet::close);
        none.close();
        cache.close();
    }

    /**
     * The set in use where it has all rows' adapters and not too many others, else a new one. Adapters of rows that left
     * stay until they are the larger part, as making a set costs more than a few idle ranks.
     */
    private AdapterSet sharedSet() {
        List<Row> served = new ArrayList<>(rows);
        joining.filter(row -> joiningSet.isEmpty()).ifPresent(served::add);
        Set<AdapterTensors> needed = adapters(served);
        if (needed.isEmpty()) {
            return none;
        }
        Set<AdapterTensors> wanted = new LinkedHashSet<>(needed);
        wanted.addAll(adapters(expected));
        int useful = Math.max(SMALL_RANKS, 2 * ranks(wanted));
        if (set.filter(s -> s.containsAll(needed) && s.ranks() <= useful).isEmpty()) {
            set.ifPresent(AdapterSet::close);
            set = Optional.empty();
            rowsChanged();
            set = Optional.of(model.set(wanted));
        }
        return set.orElseThrow();
    }

    private static int ranks(Set<AdapterTensors> adapters) {
        return adapters.stream().mapToInt(AdapterTensors::rank).sum();
    }

    private static Set<AdapterTensors> adapters(List<Row> rows) {
        Set<AdapterTensors> adapters = new LinkedHashSet<>();
        for (Row row : rows) {
            for (WeightedAdapter weighted : row.request().adapters()) {
                adapters.add((AdapterTensors) weighted.adapter());
            }
        }
        return adapters;
    }

    private int slotsFor(int count) {
        return Math.min(options.maxRows(), Integer.highestOneBit(2 * count - 1));
    }

    private int longestLimit() {
        return Math.max(
                joining.map(Row::limit).orElse(0),
                rows.stream().mapToInt(Row::limit).max().orElse(0));
    }

    private void endJoining() {
        joining = Optional.empty();
        joiningSet.ifPresent(AdapterSet::close);
        joiningSet = Optional.empty();
    }

    private void rowsChanged() {
        mix.ifPresent(m -> m.weights().close());
        mix = Optional.empty();
    }

    /** What each adapter of the set counts in each of the rows. */
    private record Mix(AdapterSet set, Tensor weights) {}
}
