package io.millrace.bench;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.BaseDescription.Rope;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.List;
import java.util.Optional;

/** Shapes of real models, for bases with random weights: what a step costs depends on nothing else. */
final class BenchShapes {
    private BenchShapes() {}

    /** @throws MillraceException {@code bad_setting} where there is no such shape */
    static BaseDescription named(String name) {
        return named(name, Quantisation.NF4);
    }

    /** @throws MillraceException {@code bad_setting} where there is no such shape */
    static BaseDescription named(String name, Quantisation quantisation) {
        return switch (name) {
            case "smollm2-135m" -> llama(name, quantisation, 49152, 576, 1536, 30, 9, 3, 64, 8192, 1e5);
            case "tiny" -> llama(name, quantisation, 384, 64, 176, 2, 4, 2, 16, 512, 1e4);
            default ->
                throw new MillraceException(
                        ErrorCode.BAD_SETTING, "'" + name + "' is no shape; use smollm2-135m or tiny");
        };
    }

    private static BaseDescription llama(
            String name,
            Quantisation quantisation,
            int vocab,
            int hidden,
            int intermediate,
            int layers,
            int heads,
            int kvHeads,
            int headDim,
            int positions,
            double theta) {
        return new BaseDescription(
                Digest.of(name),
                name,
                "llama",
                vocab,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                headDim,
                positions,
                1e-5,
                true,
                new Rope(theta, Optional.empty()),
                Optional.empty(),
                List.of(2),
                quantisation);
    }
}
