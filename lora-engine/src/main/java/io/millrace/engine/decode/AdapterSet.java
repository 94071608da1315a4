package io.millrace.engine.decode;

import io.millrace.core.ModuleShape;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * Several adapters side by side: for each module one matrix A and one B, the adapters' ranks one after the other. A
 * token's row of weights then says what each adapter counts for it, which makes the exact sum of any mix in two products
 * per module, and reads each adapter once however many rows use it. Copies but for {@link #alone}: the adapters may be
 * closed.
 */
final class AdapterSet implements AutoCloseable {
    /** Ranks are filled up with zeros to whole vectors. */
    private static final int RANK_STEP = 16;

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
        try (Builder builder = new Builder(ordered, ranks - used, packed, kernels)) {
            List<List<ModuleShape>> sites = ranks == 0 ? List.of() : AdapterSites.of(shapes);
            for (int site = 0; site < sites.size(); site++) {
                List<Member> members = new ArrayList<>();
                for (ModuleShape module : sites.get(site)) {
                    members.add(new Member(site, members.size(), module));
                }
                a.add(builder.joinedA(members));
                b.add(builder.joinedB(members));
            }
            return new AdapterSet(kernels, ordered, ranks, packed, TensorList.of(a), TensorList.of(b));
        } finally {
            a.forEach(Tensor::close);
            b.forEach(Tensor::close);
        }
    }

    /** One adapter as it was loaded, not packed: nothing is copied, so the adapter must stay open. */
    static AdapterSet alone(AdapterTensors adapter, DecodeKernels kernels) {
        return new AdapterSet(
                kernels,
                List.of(adapter),
                adapter.rank(),
                !kernels.packs(),
                TensorList.of(adapter.a()),
                TensorList.of(adapter.b()));
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

    /**
     * @param site among those of all blocks
     * @param member among the modules of the site
     */
    private record Member(int site, int member, ModuleShape shape) {}

    private static final class Builder implements AutoCloseable {
        private final List<AdapterTensors> adapters;
        private final int filling;
        private final boolean packed;
        private final DecodeKernels kernels;
        private final Tensor zero;

        Builder(List<AdapterTensors> adapters, int filling, boolean packed, DecodeKernels kernels) {
            this.adapters = adapters;
            this.filling = filling;
            this.packed = packed;
            this.kernels = kernels;
            this.zero = kernels.tensor(new float[] {0}, 1);
        }

        /** [modules * ranks, in] */
        Tensor joinedA(List<Member> site) {
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> parts = new ArrayList<>();
                for (Member module : site) {
                    for (AdapterTensors adapter : adapters) {
                        Optional<AdapterTensors.Pair> pair = adapter.module(module.site(), module.member(), scope);
                        pair.ifPresent(present -> parts.add(present.a()));
                        fill(
                                parts,
                                scope,
                                missing(adapter, pair),
                                module.shape().in(),
                                true);
                    }
                    fill(parts, scope, filling, module.shape().in(), true);
                }
                return weight(parts, 0);
            }
        }

        /** [outs, ranks], or [0] where no adapter has any of the modules */
        Tensor joinedB(List<Member> site) {
            if (site.stream().noneMatch(this::targeted)) {
                return zeros(0);
            }
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> rows = new ArrayList<>();
                for (Member module : site) {
                    rows.add(scope.own(kernels.joined(partsOfB(module, scope), 1)));
                }
                return weight(rows, 0);
            }
        }

        private List<Tensor> partsOfB(Member module, TensorScope scope) {
            List<Tensor> parts = new ArrayList<>();
            for (AdapterTensors adapter : adapters) {
                Optional<AdapterTensors.Pair> pair = adapter.module(module.site(), module.member(), scope);
                pair.ifPresent(present -> parts.add(present.b()));
                fill(parts, scope, missing(adapter, pair), module.shape().out(), false);
            }
            fill(parts, scope, filling, module.shape().out(), false);
            return parts;
        }

        /** Ranks that the adapter has elsewhere, but not in this module. */
        private static int missing(AdapterTensors adapter, Optional<AdapterTensors.Pair> pair) {
            return adapter.rank() - pair.map(AdapterTensors.Pair::rank).orElse(0);
        }

        private Tensor weight(List<Tensor> parts, int dimension) {
            return packed ? kernels.packed(parts, dimension) : kernels.joined(parts, dimension);
        }

        private boolean targeted(Member module) {
            return adapters.stream().anyMatch(a -> a.has(module.site(), module.member()));
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
