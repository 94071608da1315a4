package io.millrace.trainer.protocol;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Where every random choice of training comes from: SHA-256 over what the choice is for. */
public final class Seeds {
    private Seeds() {}

    /** Of an adapter's first weights and of all that follows. */
    public static long ofAdapter(AdapterName adapter) {
        return hash("adapter", adapter.toString());
    }

    /** Of one round: order of its examples, dropout, choice of replayed ones. */
    public static long ofRound(long adapterSeed, long round) {
        return hash("round", adapterSeed + ":" + round);
    }

    /** Of the dropout masks of one optimizer step. */
    public static long ofStep(long roundSeed, long step) {
        return hash("step", roundSeed + ":" + step);
    }

    /** The rank of an example in a reservoir or a replay draw: the smallest win. Compare unsigned. */
    public static long ofExample(long seed, String exampleId) {
        return hash("example", seed + ":" + exampleId);
    }

    /** Of the gate's resampling for a candidate with these weights. */
    public static long ofGate(Digest state) {
        return hash("gate", state.hex());
    }

    private static long hash(String purpose, String of) {
        byte[] digest = Digest.sha256().digest((purpose + "\n" + of).getBytes(StandardCharsets.UTF_8));
        return ByteBuffer.wrap(digest).getLong();
    }
}
