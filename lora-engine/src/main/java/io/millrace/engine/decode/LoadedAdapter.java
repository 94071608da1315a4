package io.millrace.engine.decode;

import io.millrace.core.LoraConfig;

/** An adapter in device memory, ready to be used by any number of requests. The owner closes it when none runs. */
public interface LoadedAdapter extends AutoCloseable {
    LoraConfig config();

    long sizeBytes();

    @Override
    void close();
}
