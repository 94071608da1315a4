package io.millrace.trainer.worker;

import io.millrace.core.BaseDescription;
import io.millrace.engine.text.ExampleEncoder;
import io.millrace.engine.train.TrainingModel;

/**
 * A base, ready to train adapters with.
 *
 * @param closeBase frees what the model is made of
 */
public record Engine(BaseDescription base, ExampleEncoder encoder, TrainingModel model, Runnable closeBase)
        implements AutoCloseable {
    @Override
    public void close() {
        model.close();
        closeBase.run();
    }
}
