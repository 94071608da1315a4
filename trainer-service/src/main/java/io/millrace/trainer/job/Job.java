package io.millrace.trainer.job;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;

/** A piece of work. */
public interface Job {
    /** What it is, as {@code verify}. */
    String kind();

    AdapterName adapter();

    /**
     * Does it.
     *
     * @return the result, as the API shows it
     * @throws io.millrace.core.MillraceException where it can't be done
     * @throws io.millrace.trainer.train.Train.CancelledException once it was cancelled
     */
    JsonNode run(Watch watch);

    /** It was cancelled before it began. */
    default void dropped() {}

    /** What a job tells, and is told, while it runs. */
    interface Watch {
        void progress(long done, long of, String note);

        /** Whether it shall stop: nobody wants the result any more, or the process ends. */
        boolean cancelled();

        /** Whether the process ends: the work isn't unwanted. */
        boolean stopping();
    }
}
