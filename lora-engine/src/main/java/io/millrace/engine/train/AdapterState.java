package io.millrace.engine.train;

import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;

/**
 * Weights and optimizer of one adapter, off the device.
 *
 * @param step optimizer steps taken
 * @param content a safetensors file: for each module path P the tensors {@code P.lora_A}, {@code P.lora_B} and their
 *     AdamW moments with the suffixes {@code .m} and {@code .v}, and {@code .avg} where an average is kept, all float32, sorted by name; the same state always gives
 *     the same bytes
 */
public record AdapterState(LoraConfig config, long step, byte[] content) {

    /** Digest of {@link #content} and the step: equal states have equal digests. */
    public Digest digest() {
        return digest(Digest.of(content), step);
    }

    /** @param content digest of {@link #content} */
    static Digest digest(Digest content, long step) {
        return Digest.of(content.hex() + ":" + step);
    }
}
