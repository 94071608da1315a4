package io.millrace.trainer.curate;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Holds out one example in fifty by hash(adapter, prompt): the same prompt never stands on both sides. */
public record AssignHeldOut(int oneIn) {

    /** The documented share. */
    public static final AssignHeldOut ONE_IN_FIFTY = new AssignHeldOut(50);

    public boolean heldOut(AdapterName adapter, String prompt) {
        byte[] digest = Digest.sha256().digest((adapter + "\n" + prompt).getBytes(StandardCharsets.UTF_8));
        return Long.remainderUnsigned(ByteBuffer.wrap(digest).getLong(), oneIn) == 0;
    }
}
