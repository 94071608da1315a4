package io.millrace.trainer;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.text.CompletionEncoder;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.TrainingModel;
import io.millrace.engine.train.TrainingModels;
import io.millrace.trainer.proof.OtherBases;
import io.millrace.trainer.worker.Engine;
import java.nio.file.Path;

/** Opens a base by name and brings it to a device for training. */
public record Engines(Path baseDirectory, String base, String device, int threads, String dtype) implements OtherBases {

    @Override
    public Digest idOf(String nameOrIdPrefix) {
        return new BaseStore(baseDirectory)
                .find(nameOrIdPrefix)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_BASE,
                        "this trainer has no base '" + nameOrIdPrefix + "'; pull it to where the trainer keeps its"
                                + " bases with 'base pull' or 'base import'"))
                .description()
                .id();
    }

    @Override
    public Engine open(Digest id) {
        return new Engines(baseDirectory, idOf(id.hex()).hex(), device, threads, dtype).open();
    }

    /** @throws io.millrace.core.MillraceException {@code unknown_base}, {@code bad_base}, {@code bad_setting} */
    public Engine open() {
        Base opened = new BaseStore(baseDirectory).open(base);
        try {
            TrainingModel model = TrainingModels.load(TorchRuntime.start(device, threads), opened, DType.parse(dtype));
            return new Engine(
                    opened.description(),
                    new CompletionEncoder(
                            opened.tokenizer(),
                            opened.chatTemplate(),
                            opened.description().eosTokenIds()),
                    model,
                    opened::close);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }
}
