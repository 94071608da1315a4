package io.millrace.engine.decode;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import io.millrace.vector.RowAdapter;
import java.nio.FloatBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One adapter on the device, in the dtype of activations; its scale s is folded into B, in float32 before rounding. Modules
 * that share their input stand together, as the kernels take them, so that rows go through it alone without more ado.
 */
final class AdapterTensors implements LoadedAdapter {
    /**
     * Larger numbers are no weights, and could make infinities of other rows' activations: every row goes through every
     * adapter's A and is then weighted by zero.
     */
    private static final float LARGEST_WEIGHT = 1e20f;

    private final LoraConfig config;
    private final DecodeKernels kernels;
    private final int rank;
    private final List<Site> sites;
    private final Optional<RowAdapter> inRows;

    private AdapterTensors(
            LoraConfig config, DecodeKernels kernels, int rank, List<Site> sites, Optional<RowAdapter> inRows) {
        this.config = config;
        this.kernels = kernels;
        this.rank = rank;
        this.sites = sites;
        this.inRows = inRows;
    }

    /**
     * @param a [rank, in]
     * @param b [out, rank]
     */
    record Pair(int rank, Tensor a, Tensor b) {}

    /**
     * Modules of a block that share their input.
     *
     * @param ranks of each module, 0 where the adapter doesn't have it
     * @param a [modules * rank, in], or [0]
     * @param b [outs, rank], or [0]
     */
    private record Site(List<ModuleShape> modules, List<Integer> ranks, Tensor a, Tensor b) {}

    /** @throws MillraceException {@code invalid_adapter} naming the first module that doesn't fit */
    static AdapterTensors load(
            AdapterWeights weights, BaseDescription base, DecodeKernels kernels, Optional<VectorModel> vectors) {
        check(weights, base.linearModules());
        int rank = weights.modules().values().stream()
                .mapToInt(LoraPair::rank)
                .max()
                .orElseThrow();
        Loader loader = new Loader(weights, rank, new Staging(kernels));
        List<Site> sites =
                AdapterSites.of(base.linearModules()).stream().map(loader::site).toList();
        return new AdapterTensors(weights.config(), kernels, rank, sites, vectors.map(model -> model.adapter(weights)));
    }

    /** Brings sites to the device, one at a time. */
    private record Loader(AdapterWeights weights, int rank, Staging staging) {
        Site site(List<ModuleShape> modules) {
            List<Optional<LoraPair>> pairs = modules.stream()
                    .map(module -> Optional.ofNullable(weights.modules().get(module.path())))
                    .toList();
            List<Integer> ranks = pairs.stream()
                    .map(pair -> pair.map(LoraPair::rank).orElse(0))
                    .toList();
            if (pairs.stream().allMatch(Optional::isEmpty)) {
                return new Site(modules, ranks, staging.tensor(values -> {}, 0), staging.tensor(values -> {}, 0));
            }
            int in = modules.get(0).in();
            int outs = modules.stream().mapToInt(ModuleShape::out).sum();
            return new Site(
                    modules,
                    ranks,
                    staging.tensor(values -> putA(pairs, in, values), (long) modules.size() * rank, in),
                    staging.tensor(values -> putB(modules, pairs, values), outs, rank));
        }

        private void putA(List<Optional<LoraPair>> pairs, int in, FloatBuffer values) {
            for (Optional<LoraPair> pair : pairs) {
                pair.ifPresent(present -> values.put(present.a()));
                zeros((rank - pair.map(LoraPair::rank).orElse(0)) * in, values);
            }
        }

        private void putB(List<ModuleShape> modules, List<Optional<LoraPair>> pairs, FloatBuffer values) {
            float scale = (float) weights.config().scale();
            for (int m = 0; m < modules.size(); m++) {
                int used = pairs.get(m).map(LoraPair::rank).orElse(0);
                float[] b = pairs.get(m).map(LoraPair::b).orElse(new float[0]);
                for (int row = 0; row < modules.get(m).out(); row++) {
                    for (int i = row * used; i < (row + 1) * used; i++) {
                        values.put(b[i] * scale);
                    }
                    zeros(rank - used, values);
                }
            }
        }

        private static void zeros(int count, FloatBuffer values) {
            for (int i = 0; i < count; i++) {
                values.put(0);
            }
        }
    }

    private static void check(AdapterWeights weights, List<ModuleShape> shapes) {
        Set<String> unknown = new HashSet<>(weights.modules().keySet());
        for (ModuleShape shape : shapes) {
            unknown.remove(shape.path());
            Optional.ofNullable(weights.modules().get(shape.path())).ifPresent(pair -> check(pair, shape));
        }
        if (!unknown.isEmpty()) {
            throw invalid("the base has no linear module " + unknown.iterator().next());
        }
        if (weights.modules().isEmpty()) {
            throw invalid("the adapter has no module");
        }
    }

    private static void check(LoraPair pair, ModuleShape shape) {
        if (pair.in() != shape.in() || pair.out() != shape.out()) {
            throw invalid(
                    shape.path() + " is [" + shape.out() + ", " + shape.in() + "] in the base, but the adapter's is ["
                            + pair.out() + ", " + pair.in() + "]; was it trained on another base?");
        }
        if (!usable(pair.a()) || !usable(pair.b())) {
            throw invalid(shape.path() + " has NaN, infinite or absurdly large weights");
        }
    }

    private static boolean usable(float[] values) {
        for (float value : values) {
            if (!(Math.abs(value) <= LARGEST_WEIGHT)) {
                return false;
            }
        }
        return true;
    }

    private static MillraceException invalid(String message) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, message);
    }

    @Override
    public LoraConfig config() {
        return config;
    }

    @Override
    public long sizeBytes() {
        long onDevice = sites.stream()
                .mapToLong(site ->
                        (site.a().size() + site.b().size()) * kernels.dtype().bytes())
                .sum();
        return onDevice + inRows.map(RowAdapter::sizeBytes).orElse(0L);
    }

    /** The same adapter for steps with the JVM's vectors, where these are used. */
    Optional<RowAdapter> inRows() {
        return inRows;
    }

    /** The largest rank of a module. */
    int rank() {
        return rank;
    }

    /**
     * @param site among those of all blocks
     * @param member among the modules of the site
     */
    boolean has(int site, int member) {
        return sites.get(site).ranks().get(member) > 0;
    }

    /**
     * A and B of one module.
     *
     * @param at the site among those of all blocks
     * @param member among the modules of the site
     */
    Optional<Pair> module(int at, int member, TensorScope scope) {
        Site site = sites.get(at);
        int used = site.ranks().get(member);
        if (used == 0) {
            return Optional.empty();
        }
        int first = member * rank;
        int row = site.modules().subList(0, member).stream()
                .mapToInt(ModuleShape::out)
                .sum();
        int out = site.modules().get(member).out();
        return Optional.of(new Pair(
                used,
                scope.own(part(
                        site.a(), first, first + used, 0, site.modules().get(0).in())),
                scope.own(part(site.b(), row, row + out, 0, used))));
    }

    private Tensor part(Tensor whole, int firstRow, int lastRow, int firstColumn, int lastColumn) {
        return kernels.call("part")
                .arg(whole)
                .arg(firstRow)
                .arg(lastRow)
                .arg(firstColumn)
                .arg(lastColumn)
                .toTensor();
    }

    /** A of each site. */
    List<Tensor> a() {
        return sites.stream().map(Site::a).toList();
    }

    /** B of each site. */
    List<Tensor> b() {
        return sites.stream().map(Site::b).toList();
    }

    @Override
    public void close() {
        sites.forEach(site -> {
            site.a().close();
            site.b().close();
        });
    }
}
