package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseTensor;
import io.millrace.engine.base.DynamicMap;
import io.millrace.engine.base.Nf4;
import io.millrace.engine.base.RotaryTables;
import io.millrace.engine.torch.ElementType;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A base's tensors on the device, in the lists that {@code model.py} takes. Quantised weights stay quantised and, on the
 * CPU, stay in the base's mapped file; embedding, head and norms are held in the compute type.
 */
final class FrozenModel implements AutoCloseable {
    private static final int SCALE_GROUP = 256;
    private static final int FIRST_POSITIONS = 512;

    private final TorchRuntime torch;
    private final TorchModule maths;
    private final BaseDescription description;
    private final DType dtype;
    private final TensorScope owned = new TensorScope();
    private final Tensor embedding;
    private final Tensor norm;
    private final Tensor head;
    private final Tensor pairs;
    private final Tensor dynamicMap;
    private final TensorList layers;
    private final long[] absmaxStarts;
    private int positions;
    private TensorList tables;

    FrozenModel(TorchRuntime torch, TorchModule maths, Base base, DType dtype) {
        this.torch = torch;
        this.maths = maths;
        this.description = base.description();
        this.dtype = dtype;
        this.absmaxStarts = starts(description);
        try {
            this.embedding = dense(base, "model.embed_tokens.weight");
            this.norm = dense(base, "model.norm.weight");
            this.head = description.tiedEmbeddings() ? embedding : dense(base, "lm_head.weight");
            this.pairs = owned.own(pairs());
            this.dynamicMap = owned.own(torch.tensor(DynamicMap.signed().values(), SCALE_GROUP));
            List<TensorList> blocks = new ArrayList<>();
            for (int i = 0; i < description.layers(); i++) {
                blocks.add(owned.own(block(base, i)));
            }
            this.layers = owned.own(TensorList.ofLists(blocks));
            this.tables = tablesFor(Math.min(FIRST_POSITIONS, description.maxPositions()));
        } catch (RuntimeException e) {
            owned.close();
            throw e;
        }
    }

    TensorList layers() {
        return layers;
    }

    /** Where each module's absmax begins in a block's padded absmax values. */
    long[] absmaxStarts() {
        return absmaxStarts.clone();
    }

    /** Embedding, norm, head, rotary tables for at least that many positions, NF4's tables. */
    TensorList tables(int length) {
        if (length > positions) {
            TensorList smaller = tables;
            tables = tablesFor(Math.min(description.maxPositions(), Math.max(length, 2 * positions)));
            smaller.close();
        }
        return tables;
    }

    private TensorList tablesFor(int count) {
        RotaryTables rotary = RotaryTables.of(description, count);
        try (Tensor cos = torch.tensor(rotary.cos(), count, description.headDim());
                Tensor sin = torch.tensor(rotary.sin(), count, description.headDim())) {
            TensorList list = TensorList.of(embedding, norm, head, cos, sin, pairs, dynamicMap);
            positions = count;
            return list;
        }
    }

    private TensorList block(Base base, int index) {
        List<ModuleShape> modules = description
                .linearModules()
                .subList(index * LoraConfig.ALL_LINEAR.size(), (index + 1) * LoraConfig.ALL_LINEAR.size());
        try (TensorScope scope = new TensorScope()) {
            List<Tensor> tensors = new ArrayList<>();
            AbsmaxCodes codes = new AbsmaxCodes((int) absmaxStarts[absmaxStarts.length - 1]);
            for (int i = 0; i < modules.size(); i++) {
                BaseTensor tensor = expect(base, modules.get(i));
                if (tensor instanceof BaseTensor.Nf4 nf4) {
                    tensors.add(scope.own(
                            torch.map(ElementType.U8, nf4.packed(), nf4.packed().remaining())));
                    codes.put(nf4, (int) absmaxStarts[i]);
                } else {
                    BaseTensor.Dense dense = (BaseTensor.Dense) tensor;
                    tensors.add(scope.own(torch.map(type(dense), dense.data(), dense.shape())));
                }
            }
            String prefix = "model.layers." + index + ".";
            tensors.add(scope.own(cast(base, prefix + "input_layernorm.weight")));
            tensors.add(scope.own(cast(base, prefix + "post_attention_layernorm.weight")));
            codes.tensors(torch).forEach(t -> tensors.add(scope.own(t)));
            return TensorList.of(tensors);
        }
    }

    private static BaseTensor expect(Base base, ModuleShape module) {
        BaseTensor tensor = base.tensor(module.path() + ".weight");
        if (!Arrays.equals(tensor.shape(), new long[] {module.out(), module.in()})) {
            throw new MillraceException(
                    ErrorCode.BAD_BASE,
                    module.path() + " has the shape " + Arrays.toString(tensor.shape()) + ", not [" + module.out()
                            + ", " + module.in() + "]; import the base again");
        }
        return tensor;
    }

    private Tensor dense(Base base, String name) {
        return owned.own(cast(base, name));
    }

    private Tensor cast(Base base, String name) {
        if (!(base.tensor(name) instanceof BaseTensor.Dense dense)) {
            throw new MillraceException(
                    ErrorCode.UNSUPPORTED_BASE, name + " is quantised; only the blocks' linear layers may be");
        }
        try (Tensor stored = torch.map(type(dense), dense.data(), dense.shape())) {
            if (dense.element() == BaseTensor.Element.F32 && dtype == DType.F32) {
                return torch.map(type(dense), dense.data(), dense.shape());
            }
            return maths.call("cast").arg(stored).arg(dtype.torchCode()).toTensor();
        }
    }

    private static ElementType type(BaseTensor.Dense dense) {
        return switch (dense.element()) {
            case F32 -> ElementType.F32;
            case F16 -> ElementType.F16;
            case BF16 -> ElementType.BF16;
        };
    }

    /** The two values that each byte stands for, the high nibble's first. */
    private Tensor pairs() {
        float[] values = Nf4.values();
        float[] pairs = new float[512];
        for (int b = 0; b < 256; b++) {
            pairs[2 * b] = values[b >> 4];
            pairs[2 * b + 1] = values[b & 15];
        }
        try (Tensor plain = torch.tensor(pairs, 256, 2)) {
            return maths.call("as_complex").arg(plain).toTensor();
        }
    }

    private static long[] starts(BaseDescription description) {
        List<ModuleShape> block = description
                .linearModules()
                .subList(
                        0,
                        Math.min(
                                LoraConfig.ALL_LINEAR.size(),
                                description.linearModules().size()));
        long[] starts = new long[block.size() + 1];
        for (int i = 0; i < block.size(); i++) {
            long elements = (long) block.get(i).out() * block.get(i).in();
            long blocks = (elements + Nf4.BLOCK - 1) / Nf4.BLOCK;
            starts[i + 1] = starts[i] + (blocks + SCALE_GROUP - 1) / SCALE_GROUP * SCALE_GROUP;
        }
        return starts;
    }

    @Override
    public void close() {
        tables.close();
        owned.close();
    }

    /** Codes, scales and offsets of the absmax values of one block's modules, each padded to whole groups of 256. */
    private static final class AbsmaxCodes {
        private final ByteBuffer codes;
        private final float[] scales;
        private final float[] offsets;
        private boolean used;

        AbsmaxCodes(int size) {
            codes = ByteBuffer.allocateDirect(size);
            scales = new float[size / SCALE_GROUP];
            offsets = new float[size / SCALE_GROUP];
        }

        void put(BaseTensor.Nf4 tensor, int start) {
            used = true;
            ByteBuffer source = tensor.absmaxCodes().duplicate();
            int groups = (source.remaining() + SCALE_GROUP - 1) / SCALE_GROUP;
            codes.position(start).put(source);
            tensor.absmaxScales()
                    .duplicate()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer()
                    .get(scales, start / SCALE_GROUP, groups);
            Arrays.fill(offsets, start / SCALE_GROUP, start / SCALE_GROUP + groups, tensor.absmaxOffset());
        }

        List<Tensor> tensors(TorchRuntime torch) {
            if (!used) {
                return List.of(
                        torch.tensor(new float[0], 0), torch.tensor(new float[0], 0), torch.tensor(new float[0], 0));
            }
            return List.of(
                    torch.copyOf(ElementType.U8, codes.position(0), codes.capacity()),
                    torch.tensor(scales, scales.length, 1),
                    torch.tensor(offsets, offsets.length, 1));
        }
    }
}
