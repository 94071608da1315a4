package io.millrace.engine.decode;

import io.millrace.core.ModuleShape;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * Several adapters side by side: for each module one matrix A and one B, the adapters' ranks one after the other. A
 * token's row of weights then says what each adapter counts for it, which makes the exact sum of any mix in two products
 * per module, and reads each adapter once however many rows use it. Copies: the adapters may be closed.
 */
final class AdapterSet implements AutoCloseable {
    /** Ranks are filled up with zeros to whole vectors. */
    private static final int RANK_STEP = 16;

    private static final int MODULES = 7;

    /** Measured on two cores with the shape of SmolLM2-135M. */
    private static final int MAX_JOINT_RANKS = 128;

    private final DecodeKernels kernels;
    private final List<AdapterTensors> adapters;
    private final int ranks;
    private final boolean packed;
    private final TensorList a;
    private final TensorList b;

    private AdapterSet(
            DecodeKernels kernels,
            List<AdapterTensors> adapters,
            int ranks,
            boolean packed,
            TensorList a,
            TensorList b) {
        this.kernels = kernels;
        this.adapters = adapters;
        this.ranks = ranks;
        this.packed = packed;
        this.a = a;
        this.b = b;
    }

    /**
     * @param shapes the base's linear modules, block by block
     * @param packed whether for many passes of few tokens: their weights in the layout of the base's, which takes ten times
     *     as long to make
     */
    static AdapterSet of(
            Collection<AdapterTensors> adapters, List<ModuleShape> shapes, boolean packed, DecodeKernels kernels) {
        List<AdapterTensors> ordered = List.copyOf(adapters);
        int used = ordered.stream().mapToInt(AdapterTensors::rank).sum();
        int ranks = (used + RANK_STEP - 1) / RANK_STEP * RANK_STEP;
        List<Tensor> a = new ArrayList<>();
        List<Tensor> b = new ArrayList<>();
        try (Builder builder = new Builder(ordered, ranks, ranks - used, packed, kernels)) {
            for (int first = 0; first < shapes.size() && ranks > 0; first += MODULES) {
                List<ModuleShape> block = shapes.subList(first, first + MODULES);
                a.add(builder.joinedA(block.subList(0, 3)));
                a.add(builder.joinedA(block.subList(3, 4)));
                a.add(builder.joinedA(block.subList(4, 6)));
                a.add(builder.joinedA(block.subList(6, 7)));
                b.addAll(builder.siblings(block.subList(0, 3)));
                b.add(builder.joinedB(block.get(3)));
                b.addAll(builder.siblings(block.subList(4, 6)));
                b.add(builder.joinedB(block.get(6)));
            }
            return new AdapterSet(kernels, ordered, ranks, packed, TensorList.of(a), TensorList.of(b));
        } finally {
            a.forEach(Tensor::close);
            b.forEach(Tensor::close);
        }
    }

    static AdapterSet none(DecodeKernels kernels) {
        return of(List.of(), List.of(), true, kernels);
    }

    boolean containsAll(Collection<AdapterTensors> others) {
        return adapters.containsAll(others);
    }

    /** Of all adapters together, filled up. */
    int ranks() {
        return ranks;
    }

    boolean packed() {
        return packed;
    }

    TensorList a() {
        return a;
    }

    TensorList b() {
        return b;
    }

    /** [rows, ranks]: what each rank counts in each row. */
    Tensor weights(List<List<WeightedAdapter>> rows) {
        float[] weights = new float[rows.size() * ranks];
        for (int row = 0; row < rows.size(); row++) {
            for (WeightedAdapter weighted : rows.get(row)) {
                int start = row * ranks + startOf(weighted.adapter());
                int rank = ((AdapterTensors) weighted.adapter()).rank();
                for (int i = start; i < start + rank; i++) {
                    weights[i] += weighted.weight();
                }
            }
        }
        return kernels.tensor(weights, rows.size(), ranks);
    }

    private int startOf(LoadedAdapter adapter) {
        int start = 0;
        for (AdapterTensors candidate : adapters) {
            if (candidate == adapter) {
                return start;
            }
            start += candidate.rank();
        }
        throw new IllegalStateException("the adapter isn't in this set");
    }

    @Override
    public void close() {
        a.close();
        b.close();
    }

    private static final class Builder implements AutoCloseable {
        private final List<AdapterTensors> adapters;
        private final int ranks;
        private final int filling;
        private final boolean packed;
        private final DecodeKernels kernels;
        private final Tensor zero;

        Builder(List<AdapterTensors> adapters, int ranks, int filling, boolean packed, DecodeKernels kernels) {
            this.adapters = adapters;
            this.ranks = ranks;
            this.filling = filling;
            this.packed = packed;
            this.kernels = kernels;
            this.zero = kernels.tensor(new float[] {0}, 1);
        }

        /** [modules * ranks, in] */
        Tensor joinedA(List<ModuleShape> modules) {
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> parts = new ArrayList<>();
                for (ModuleShape module : modules) {
                    for (AdapterTensors adapter : adapters) {
                        int rank = adapter.module(module.path())
                                .map(AdapterTensors.Pair::rank)
                                .orElse(0);
                        adapter.module(module.path()).ifPresent(pair -> parts.add(pair.a()));
                        fill(parts, scope, adapter.rank() - rank, module.in(), true);
                    }
                    fill(parts, scope, filling, module.in(), true);
                }
                return weight(parts, 0);
            }
        }

        /**
         * B of modules that share their input and so one A: all in one block-diagonal matrix [outs, modules * ranks], in
         * one product, as long as reading its zeros costs less than products do; then nothing for each alone, or the
         * other way round.
         */
        List<Tensor> siblings(List<ModuleShape> modules) {
            List<Tensor> tensors = new ArrayList<>();
            try {
                boolean joint = ranks <= MAX_JOINT_RANKS && modules.stream().anyMatch(this::targeted);
                tensors.add(joint ? blockDiagonal(modules) : zeros(0));
                for (ModuleShape module : modules) {
                    tensors.add(joint ? zeros(0) : joinedB(module));
                }
                return tensors;
            } catch (RuntimeException e) {
                tensors.forEach(Tensor::close);
                throw e;
            }
        }

        /** [out, ranks], or [0] where no adapter has the module */
        Tensor joinedB(ModuleShape module) {
            if (!targeted(module)) {
                return zeros(0);
            }
            try (TensorScope scope = new TensorScope()) {
                return weight(partsOfB(module, scope), 1);
            }
        }

        private Tensor blockDiagonal(List<ModuleShape> modules) {
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> blocks = new ArrayList<>();
                for (ModuleShape module : modules) {
                    blocks.add(scope.own(kernels.joined(partsOfB(module, scope), 1)));
                }
                TensorList list = scope.own(TensorList.of(blocks));
                Tensor whole =
                        scope.own(kernels.call("block_diagonal").arg(list).toTensor());
                return weight(List.of(whole), 0);
            }
        }

        private List<Tensor> partsOfB(ModuleShape module, TensorScope scope) {
            List<Tensor> parts = new ArrayList<>();
            for (AdapterTensors adapter : adapters) {
                int rank = adapter.module(module.path())
                        .map(AdapterTensors.Pair::rank)
                        .orElse(0);
                adapter.module(module.path()).ifPresent(pair -> parts.add(pair.b()));
                fill(parts, scope, adapter.rank() - rank, module.out(), false);
            }
            fill(parts, scope, filling, module.out(), false);
            return parts;
        }

        private Tensor weight(List<Tensor> parts, int dimension) {
            return packed ? kernels.packed(parts, dimension) : kernels.joined(parts, dimension);
        }

        private boolean targeted(ModuleShape module) {
            return adapters.stream().anyMatch(a -> a.module(module.path()).isPresent());
        }

        private void fill(List<Tensor> parts, TensorScope scope, int rank, int width, boolean rows) {
            if (rank > 0) {
                parts.add(scope.own(rows ? zeros(rank, width) : zeros(width, rank)));
            }
        }

        private Tensor zeros(long... shape) {
            return kernels.call("zeros_like").arg(zero).arg(shape).toTensor();
        }

        @Override
        public void close() {
            zero.close();
        }
    }
}
