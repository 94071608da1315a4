package io.millrace.engine.train;

import io.millrace.core.BaseDescription;
import io.millrace.engine.torch.TorchModule;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.torch.TorchSource;
import java.util.Map;

/** The TorchScript sources of training, compiled for the shape of a base. */
final class LlamaMaths {
    private LlamaMaths() {}

    static TorchSource source(BaseDescription base) {
        return resource("nf4.py")
                .and(resource("block.py"))
                .and(resource("model.py"))
                .and(resource("optimizer.py"))
                .with(parameters(base));
    }

    static TorchModule compile(TorchRuntime torch, BaseDescription base) {
        return torch.load(source(base));
    }

    private static TorchSource resource(String name) {
        return TorchSource.resource(LlamaMaths.class, name);
    }

    private static Map<String, ?> parameters(BaseDescription base) {
        return Map.of(
                "hidden", base.hiddenSize(),
                "intermediate", base.intermediateSize(),
                "heads", base.heads(),
                "kvHeads", base.kvHeads(),
                "headDim", base.headDim(),
                "queriesPerKey", base.heads() / base.kvHeads(),
                "queryWidth", base.heads() * base.headDim(),
                "kvWidth", base.kvHeads() * base.headDim(),
                "queryScale", 1 / Math.sqrt(base.headDim()),
                "eps", base.rmsNormEps());
    }
}
