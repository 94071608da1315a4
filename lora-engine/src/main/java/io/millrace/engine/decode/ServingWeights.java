package io.millrace.engine.decode;

import io.millrace.core.BaseDescription;
import io.millrace.engine.base.Base;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorList;
import io.millrace.engine.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/**
 * A base's weights as decoding reads them: dequantised once, q|k|v and gate|up as one matrix each, packed where that is
 * faster. One copy only: a packed head can't be looked up by row, so the embedding then stays the base's own mapped
 * bytes, of which only the rows of used tokens are ever read.
 */
final class ServingWeights implements AutoCloseable {
    private final TensorScope scope = new TensorScope();
    private final Tensor embedding;
    private final TensorList blocks;
    private final Tensor lastNorm;
    private final Tensor head;

    /** The base must stay open as long as these weights are used. */
    ServingWeights(Base base, DecodeKernels kernels) {
        Loader loader = new Loader(base, kernels);
        BaseDescription description = base.description();
        String headName = description.tiedEmbeddings() ? "model.embed_tokens.weight" : "lm_head.weight";
        List<Tensor> tensors = new ArrayList<>();
        try {
            for (int l = 0; l < description.layers(); l++) {
                tensors.addAll(loader.block("model.layers." + l + "."));
            }
            blocks = scope.own(TensorList.of(tensors));
            lastNorm = scope.own(loader.norm("model.norm.weight"));
            if (kernels.packs()) {
                embedding = scope.own(loader.tensors.mapped("model.embed_tokens.weight"));
                head = scope.own(loader.joined(headName));
            } else {
                head = scope.own(loader.tensors.dense(headName));
                embedding = description.tiedEmbeddings()
                        ? head
                        : scope.own(loader.tensors.dense("model.embed_tokens.weight"));
            }
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        } finally {
            tensors.forEach(Tensor::close);
        }
    }

    Tensor embedding() {
        return embedding;
    }

    TensorList blocks() {
        return blocks;
    }

    Tensor lastNorm() {
        return lastNorm;
    }

    Tensor head() {
        return head;
    }

    @Override
    public void close() {
        scope.close();
    }

    /** Brings tensors to the device one at a time, through one buffer. */
    private static final class Loader {
        private final DecodeKernels kernels;
        private final BaseTensors tensors;

        Loader(Base base, DecodeKernels kernels) {
            this.kernels = kernels;
            this.tensors = new BaseTensors(base, kernels);
        }

        List<Tensor> block(String prefix) {
            List<Tensor> made = new ArrayList<>();
            try {
                made.add(norm(prefix + "input_layernorm.weight"));
                made.add(joined(
                        prefix + "self_attn.q_proj.weight",
                        prefix + "self_attn.k_proj.weight",
                        prefix + "self_attn.v_proj.weight"));
                made.add(joined(prefix + "self_attn.o_proj.weight"));
                made.add(norm(prefix + "post_attention_layernorm.weight"));
                made.add(joined(prefix + "mlp.gate_proj.weight", prefix + "mlp.up_proj.weight"));
                made.add(joined(prefix + "mlp.down_proj.weight"));
                return made;
            } catch (RuntimeException e) {
                made.forEach(Tensor::close);
                throw e;
            }
        }

        /** The named matrices one below the other, ready for linear layers. */
        Tensor joined(String... names) {
            try (TensorScope scope = new TensorScope()) {
                List<Tensor> parts = new ArrayList<>();
                for (String name : names) {
                    parts.add(scope.own(tensors.dense(name)));
                }
                return kernels.packed(parts, 0);
            }
        }

        Tensor norm(String name) {
            try (Tensor plain = tensors.dense(name)) {
                return kernels.call("norm_weight").arg(plain).toTensor();
            }
        }
    }
}
