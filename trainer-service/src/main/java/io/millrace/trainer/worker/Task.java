package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.train.Plan.Waiting;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * What the training thread is given of an adapter: all immutable, but for the flag.
 *
 * @param fold empty before the adapter's first plan
 * @param cutReason what makes a version due
 * @param cancelled whether nobody waits for the result any more
 */
record Task(
        AdapterName adapter,
        int partition,
        Optional<AdapterFold> fold,
        AdapterSettings settings,
        List<Waiting> waiting,
        String cutReason,
        BooleanSupplier cancelled) {

    /** To do something with the head as it is. */
    static Task ofHead(Lane lane) {
        return new Task(
                lane.adapter(),
                lane.shard().partition(),
                lane.fold(),
                AdapterSettings.defaults(),
                List.of(),
                "",
                () -> false);
    }
}
