package io.millrace.vector;

import static io.millrace.vector.VectorUnit.LANES;

import io.millrace.vector.RowAdapter.Weighted;
import java.nio.IntBuffer;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Computes one token for each of a few rows, each with its own weighted sum of adapters. Weights, keys and values are
 * bfloat16, all else is float32. The results don't depend on the number of threads, nor a row's on the other rows. For one
 * caller at a time.
 */
public final class DecodeStep implements AutoCloseable {
    private static final int ROWS = StreamedMatrix.ROWS;
    /** Parts of a product, so that a thread that is held up leaves the rest to others. */
    private static final int PARTS = 16;
    /** Few processors read as fast as memory gives, and each helper spins while a step lasts. */
    private static final int MOST_THREADS = 8;

    private static final int ACTIVATION_COLUMNS = 128;
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_512;

    private final StepShape shape;
    private final List<BlockWeights> blocks;
    private final float[] lastNorm;
    private final StreamedMatrix head;
    private final ThreadLocal<Attention> attention;
    private final ThreadLocal<float[]> ranks = ThreadLocal.withInitial(() -> new float[0]);
    private final Team team;
    private Activations activations;

    /**
     * @param lastNorm [hidden]
     * @param cos [positions, headDim]
     * @param sin likewise, the first half of the columns negated
     * @param threads the caller among them; of more than eight, eight
     */
    public DecodeStep(
            StepShape shape,
            List<BlockWeights> blocks,
            float[] lastNorm,
            StreamedMatrix head,
            float[] cos,
            float[] sin,
            int threads) {
        this.shape = shape;
        this.blocks = List.copyOf(blocks);
        this.lastNorm = lastNorm;
        this.head = head;
        this.attention = ThreadLocal.withInitial(() -> new Attention(shape, cos, sin));
        this.team = new Team(Math.min(threads, MOST_THREADS));
        this.activations = new Activations(shape, head.paddedOut(), ROWS);
    }

    /** What the rows are in the middle of: row-major, but for what is multiplied next, which is [inputs, 8] for eight rows. */
    private static final class Activations {
        private final int rows;
        private final float[] residual;
        private final float[] normed;
        private final float[] qkv;
        private final float[] attended;
        private final float[] gateUp;
        private final float[] gated;
        private final float[] inputs;
        private final float[] logits;

        Activations(StepShape shape, int paddedVocabulary, int rows) {
            this.rows = rows;
            this.residual = new float[rows * shape.hidden()];
            this.normed = new float[rows * shape.hidden()];
            this.qkv = new float[rows * shape.qkv()];
            this.attended = new float[rows * shape.queries()];
            this.gateUp = new float[rows * 2 * shape.intermediate()];
            this.gated = new float[rows * shape.intermediate()];
            this.inputs = new float[rows * Math.max(shape.intermediate(), Math.max(shape.hidden(), shape.queries()))];
            this.logits = new float[rows * paddedVocabulary];
        }
    }

    /**
     * Row r's token stands at {@code positions[r]} of row r of the memory, which gets its keys and values.
     *
     * @param embeddings [rows, hidden]
     * @param mixes of each row
     */
    public Logits compute(float[] embeddings, int[] positions, KeyValueMemory memory, List<List<Weighted>> mixes) {
        int rows = positions.length;
        Activations a = roomFor(rows);
        System.arraycopy(embeddings, 0, a.residual, 0, rows * shape.hidden());
        boolean adapted = mixes.stream().anyMatch(mix -> !mix.isEmpty());
        team.begin();
        try {
            for (int l = 0; l < blocks.size(); l++) {
                BlockWeights w = blocks.get(l);
                int site = l * RowAdapter.SITES_OF_A_BLOCK;
                normalise(w.inputNorm());
                multiply(w.qkv(), a.qkv, false);
                adapt(adapted, mixes, site, a.normed, a.qkv);
                attend(positions, memory, memory.blocks().get(l));
                interleave(a.attended, shape.queries());
                multiply(w.output(), a.residual, true);
                adapt(adapted, mixes, site + 1, a.attended, a.residual);
                normalise(w.postNorm());
                multiply(w.gateUp(), a.gateUp, false);
                adapt(adapted, mixes, site + 2, a.normed, a.gateUp);
                activate();
                multiply(w.down(), a.residual, true);
                adapt(adapted, mixes, site + 3, a.gated, a.residual);
            }
            normalise(lastNorm);
            multiply(head, a.logits, false);
            return largest(rows);
        } finally {
            team.end();
        }
    }

    /**
     * Valid until the next step.
     *
     * @param values a row's logits begin at its number times the stride
     * @param largest of each row; NaN where it has one
     * @param ids where it is, the first of equals
     */
    public record Logits(int rows, int vocabulary, float[] values, int stride, float[] largest, long[] ids) {}

    private Logits largest(int rows) {
        int stride = head.paddedOut();
        int vocabulary = shape.vocabulary();
        float[] values = activations.logits;
        float[] largest = new float[rows];
        long[] ids = new long[rows];
        team.run(rows, r -> {
            int start = r * stride;
            int whole = start + vocabulary / LANES * LANES;
            FloatVector most = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
            for (int i = start; i < whole; i += LANES) {
                most = most.max(FloatVector.fromArray(FLOATS, values, i));
            }
            float found = most.reduceLanes(VectorOperators.MAX);
            for (int i = whole; i < start + vocabulary; i++) {
                found = Math.max(found, values[i]);
            }
            int id = 0;
            while (!Float.isNaN(found) && values[start + id] != found) {
                id++;
            }
            largest[r] = found;
            ids[r] = id;
        });
        return new Logits(rows, vocabulary, values, stride, largest, ids);
    }

    private Activations roomFor(int rows) {
        int whole = (rows + ROWS - 1) / ROWS * ROWS;
        if (activations.rows != whole) {
            activations = new Activations(shape, head.paddedOut(), whole);
        }
        return activations;
    }

    /** Root mean square norm (Zhang and Sennrich 2019) of every row. */
    private void normalise(float[] weight) {
        Activations a = activations;
        int hidden = shape.hidden();
        for (int r = 0; r < a.rows; r++) {
            int start = r * hidden;
            FloatVector squares = FloatVector.zero(FLOATS);
            for (int i = start; i < start + hidden; i += LANES) {
                FloatVector x = FloatVector.fromArray(FLOATS, a.residual, i);
                squares = x.fma(x, squares);
            }
            double sum = 0;
            for (int lane = 0; lane < LANES; lane++) {
                sum += squares.lane(lane);
            }
            float factor = (float) (1 / Math.sqrt(sum / hidden + shape.epsilon()));
            for (int i = 0; i < hidden; i += LANES) {
                FloatVector.fromArray(FLOATS, a.residual, start + i)
                        .mul(factor)
                        .mul(FloatVector.fromArray(FLOATS, weight, i))
                        .intoArray(a.normed, start + i);
            }
        }
        interleave(a.normed, hidden);
    }

    /** Eight rows at a time, [inputs, 8]. */
    private void interleave(float[] rowMajor, int width) {
        float[] to = activations.inputs;
        for (int first = 0; first < activations.rows; first += ROWS) {
            int at = first * width;
            for (int i = first * width; i < (first + 1) * width; i++) {
                to[at] = rowMajor[i];
                to[at + 1] = rowMajor[i + width];
                to[at + 2] = rowMajor[i + 2 * width];
                to[at + 3] = rowMajor[i + 3 * width];
                to[at + 4] = rowMajor[i + 4 * width];
                to[at + 5] = rowMajor[i + 5 * width];
                to[at + 6] = rowMajor[i + 6 * width];
                to[at + 7] = rowMajor[i + 7 * width];
                at += ROWS;
            }
        }
    }

    private void multiply(StreamedMatrix weights, float[] y, boolean add) {
        int groups = weights.groups();
        int parts = Math.min(PARTS, groups);
        float[] x = activations.inputs;
        int rows = activations.rows;
        int stride = weights.paddedOut();
        team.run(parts, part -> {
            int from = groups * part / parts;
            int to = groups * (part + 1) / parts;
            for (int r = 0; r < rows; r += ROWS) {
                weights.multiply(from, to, x, r * weights.in(), y, r * stride, stride, add);
            }
        });
    }

    private void adapt(boolean adapted, List<List<Weighted>> mixes, int site, float[] x, float[] y) {
        if (adapted) {
            int in = x.length / activations.rows;
            int out = y.length / activations.rows;
            team.run(mixes.size(), r -> {
                for (Weighted weighted : mixes.get(r)) {
                    RowAdapter adapter = weighted.adapter();
                    adapter.add(site, weighted.weight(), x, r * in, y, r * out, roomForRanks(adapter));
                }
            });
        }
    }

    private float[] roomForRanks(RowAdapter adapter) {
        float[] room = ranks.get();
        int needed = adapter.roomForRanks();
        if (room.length < needed) {
            room = new float[needed];
            ranks.set(room);
        }
        return room;
    }

    private void attend(int[] positions, KeyValueMemory memory, IntBuffer block) {
        Activations a = activations;
        int kvHeads = shape.kvHeads();
        int headDim = shape.headDim();
        int groupWidth = shape.queries() / kvHeads;
        int headInts = memory.capacity() * headDim / 2;
        team.run(positions.length * kvHeads, chunk -> {
            int row = chunk / kvHeads;
            int head = chunk % kvHeads;
            int start = row * shape.qkv();
            int keyStart = start + shape.queries() + head * headDim;
            attention
                    .get()
                    .attend(
                            a.qkv,
                            start + head * groupWidth,
                            keyStart,
                            keyStart + shape.keys(),
                            positions[row],
                            block,
                            (row * kvHeads + head) * headInts,
                            ((memory.rows() + row) * kvHeads + head) * headInts,
                            a.attended,
                            row * shape.queries() + head * groupWidth);
        });
    }

    /** SwiGLU (Shazeer 2020): gate / (1 + e^-gate) times up. */
    private void activate() {
        Activations a = activations;
        int width = shape.intermediate();
        int parts = (width + ACTIVATION_COLUMNS - 1) / ACTIVATION_COLUMNS;
        team.run(parts, part -> {
            int from = part * ACTIVATION_COLUMNS;
            int to = Math.min(width, from + ACTIVATION_COLUMNS);
            for (int r = 0; r < a.rows; r++) {
                for (int i = from; i < to; i += LANES) {
                    FloatVector gate = FloatVector.fromArray(FLOATS, a.gateUp, 2 * r * width + i);
                    FloatVector up = FloatVector.fromArray(FLOATS, a.gateUp, (2 * r + 1) * width + i);
                    gate.div(Exp.of(gate.neg()).add(1f)).mul(up).intoArray(a.gated, r * width + i);
                }
            }
        });
        interleave(a.gated, width);
    }

    @Override
    public void close() {
        team.close();
    }
}
