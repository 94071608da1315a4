package io.millrace.engine.decode;

import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The rows that are generated together, in the first slots of the cache without gaps, and behind them those whose prompts
 * are being computed. For the decode thread alone.
 */
final class Batch implements AutoCloseable {
    /**
     * Prompt tokens times ranks of others' adapters, from which on passing them through these costs more than going through
     * the row's own adapter alone, which is there. Measured with the shape of SmolLM2-135M on two cores.
     */
    private static final int MUCH_FOR_OTHERS = 2048;

    /** The same where a set of the row's own adapters is to be made first. */
    private static final int MUCH_FOR_OTHERS_OF_A_MIX = 8192;

    /** Prompt tokens computed at a time where more rows wait for their first token than for their next. */
    private static final int BURST = 512;

    /** Not worth making smaller. */
    private static final int SMALL_RANKS = 32;

    private final DecodeModel model;
    private final DecodeOptions options;
    private final KeyValueCache cache;
    private final List<Row> rows = new ArrayList<>();
    private final JoiningRows joining;
    private List<Row> expected = List.of();
    private final AdapterSet none;
    private Optional<AdapterSet> set = Optional.empty();
    private Optional<Mix> mix = Optional.empty();

    Batch(DecodeModel model, DecodeOptions options) {
        this.model = model;
        this.options = options;
        this.cache = model.cache();
        this.joining = new JoiningRows(model);
        this.none = model.set(List.of());
    }

    List<Row> rows() {
        return List.copyOf(rows);
    }

    List<Row> joining() {
        return joining.rows();
    }

    boolean isEmpty() {
        return size() == 0;
    }

    int size() {
        return rows.size() + joining.size();
    }

    /** Whether there is a free row, and room in the cache until the longest of all rows has come to its limit. */
    boolean takes(Row row) {
        int longest = Math.max(row.limit(), longestLimit());
        return size() < options.maxRows()
                && (isEmpty() || (size() + 1L) * KeyValueCache.roundUp(longest) <= options.maxCacheTokens());
    }

    int freeRows() {
        return options.maxRows() - size();
    }

    /** Rows that will soon join: a new set of adapters is made to serve them too. */
    void expect(List<Row> waiting) {
        expected = waiting;
    }

    void start(Row row) {
        joining.add(row);
        cache.shrinkTo(longestLimit());
    }

    /**
     * How many prompt tokens may be computed before the running rows' next token. They wait for one chunk at most, unless
     * as many rows or more came at once: a step takes nearly as long for few rows as for all.
     */
    int prefillTokens() {
        int waiting = joining.size() + expected.size();
        boolean burst = rows.isEmpty() || waiting >= Math.max(2, rows.size());
        return burst ? Math.max(options.prefillChunk(), BURST) : options.prefillChunk();
    }

    /** Prompt tokens of joining rows that aren't computed yet. */
    int tokensToPrefill() {
        return joining.tokensLeft();
    }

    /**
     * The rows whose prompts are done; they are now of {@link #rows}.
     *
     * @param logits of their first tokens, one row for each and maybe more behind
     */
    record Joined(List<Row> rows, Logits logits) {}

    /** Computes the next part of joining rows' prompts. */
    Joined prefill(int atMost) {
        List<JoiningRows.Share> shares = joining.shares(atMost);
        cache.ensure(
                slotsFor(size()),
                shares.stream().mapToInt(JoiningRows.Share::end).max().orElseThrow());
        List<Row> computed = shares.stream().map(JoiningRows.Share::row).toList();
        boolean apart = computed.stream().anyMatch(this::othersAreMuch);
        AdapterSet shared = apart ? none : sharedSet(computed);
        List<PromptPart> parts = new ArrayList<>();
        for (JoiningRows.Share share : shares) {
            Row row = share.row();
            parts.add(new PromptPart(
                    Arrays.copyOfRange(row.request().promptIds(), row.computed(), share.end()),
                    row.computed(),
                    rows.size() + parts.size(),
                    apart ? ownSet(row) : shared,
                    row.request().adapters()));
        }
        Logits logits = model.prefill(parts, cache);
        shares.forEach(share -> share.row().computed(share.tokens()));
        List<Row> done = computed.stream().filter(Row::prompted).toList();
        joining.remove(done);
        rows.addAll(done);
        rowsChanged();
        return new Joined(done, logits);
    }

    /** Whether the row's prompt had better not pass through the adapters of other rows. */
    private boolean othersAreMuch(Row row) {
        Set<AdapterTensors> others = adapters(rows);
        others.addAll(adapters(joining.rows()));
        others.addAll(adapters(expected));
        others.removeAll(row.adapters());
        int much = row.adapters().size() > 1 ? MUCH_FOR_OTHERS_OF_A_MIX : MUCH_FOR_OTHERS;
        return row.request().promptIds().length * (long) ranks(others) > much;
    }

    private AdapterSet ownSet(Row row) {
        return row.adapters().isEmpty() ? none : joining.ownSet(row);
    }

    /** Computes each row's last token. @return logits of each row */
    Logits step() {
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
        Logits logits = model.computesAlone(count)
                ? model.decode(tokens, positions, cache, mixes())
                : stepWithSet(tokens, positions);
        rows.forEach(row -> row.computed(1));
        return logits;
    }

    private List<List<WeightedAdapter>> mixes() {
        return rows.stream().map(row -> row.request().adapters()).toList();
    }

    private Logits stepWithSet(long[] tokens, long[] positions) {
        AdapterSet used = sharedSet(List.of());
        if (mix.filter(m -> m.set() == used).isEmpty()) {
            rowsChanged();
            mix = Optional.of(new Mix(used, used.weights(mixes())));
        }
        return model.decode(tokens, positions, cache, used, mix.orElseThrow().weights());
    }

    /**
     * Frees a row's slot.
     *
     * @param tainted whether its keys and values may hold a NaN
     */
    void remove(Row row, boolean tainted) {
        int slot = rows.indexOf(row);
        int waiting = joining.rows().indexOf(row);
        if (slot < 0 && waiting < 0) {
            return;
        }
        if (tainted) {
            cache.clear(slot >= 0 ? slot : rows.size() + waiting);
        }
        if (slot >= 0) {
            int last = rows.size() - 1;
            if (slot < last) {
                cache.move(last, slot, rows.get(last).computed());
                rows.set(slot, rows.get(last));
            }
            rows.remove(last);
            moveUp(0);
            rowsChanged();
        } else {
            joining.remove(List.of(row));
            moveUp(waiting);
        }
        if (isEmpty()) {
            cache.drop();
        }
    }

    /** Joining rows from that one on, into the slot before theirs. */
    private void moveUp(int from) {
        List<Row> behind = joining.rows();
        for (int i = from; i < behind.size(); i++) {
            int computed = behind.get(i).computed();
            if (computed > 0) {
                int slot = rows.size() + i;
                cache.move(slot + 1, slot, computed);
            }
        }
    }

    /** Gives up every row, after a failure that leaves the cache in doubt. */
    List<Row> abandon() {
        List<Row> all = new ArrayList<>(rows);
        all.addAll(joining.rows());
        joining.close();
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
    private AdapterSet sharedSet(List<Row> more) {
        List<Row> served = new ArrayList<>(rows);
        served.addAll(more);
        Set<AdapterTensors> needed = adapters(served);
        if (needed.isEmpty()) {
            return none;
        }
        Set<AdapterTensors> wanted = new LinkedHashSet<>(needed);
        wanted.addAll(adapters(joining.rows()));
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
        rows.forEach(row -> adapters.addAll(row.adapters()));
        return adapters;
    }

    private int slotsFor(int count) {
        return Math.min(options.maxRows(), Integer.highestOneBit(2 * count - 1));
    }

    private int longestLimit() {
        return Stream.concat(rows.stream(), joining.rows().stream())
                .mapToInt(Row::limit)
                .max()
                .orElse(0);
    }

    private void rowsChanged() {
        mix.ifPresent(m -> m.weights().close());
        mix = Optional.empty();
    }

    /** What each adapter of the set counts in each of the rows. */
    private record Mix(AdapterSet set, Tensor weights) {}
}
