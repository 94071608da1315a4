package io.millrace.trainer.proof;

import io.millrace.core.Digest;
import io.millrace.trainer.worker.Engine;

/** The bases that are here beside the one that is trained on. */
public interface OtherBases {

    /**
     * The id of a base.
     *
     * @throws io.millrace.core.MillraceException {@code unknown_base}
     */
    Digest idOf(String nameOrIdPrefix);

    /**
     * A base, ready to train with; for the caller to close.
     *
     * @throws io.millrace.core.MillraceException {@code unknown_base}
     */
    Engine open(Digest id);
}
