package io.millrace.trainer.api;

import io.millrace.trainer.Trainer;
import io.millrace.trainer.TrainerProcess;
import io.millrace.trainer.worker.AdapterStatus;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What {@code GET /api/v1/trainer/status} answers.
 *
 * @param waitingFor what each part waits for; empty where it works
 */
public record TrainerStatus(String worker, boolean ready, Map<String, String> waitingFor, List<Adapter> adapters) {

    /** One adapter; see {@link AdapterStatus}. */
    public record Adapter(
            String name,
            int partition,
            String state,
            long round,
            long step,
            OptionalDouble lossBeforeUpdate,
            long examples,
            int waiting,
            int heldOut,
            String digest,
            String version,
            String detail,
            long shifts,
            long checkpointBytes,
            List<String> alarms) {
        static Adapter of(AdapterStatus status) {
            return new Adapter(
                    status.adapter(),
                    status.partition(),
                    status.state(),
                    status.round(),
                    status.step(),
                    Double.isNaN(status.lossBeforeUpdate())
                            ? OptionalDouble.empty()
                            : OptionalDouble.of(status.lossBeforeUpdate()),
                    status.examples(),
                    status.waiting(),
                    status.heldOut(),
                    status.digest(),
                    status.version(),
                    status.detail(),
                    status.shifts(),
                    status.checkpointBytes(),
                    status.alarms());
        }
    }

    static TrainerStatus of(TrainerProcess process) {
        Trainer trainer = process.trainer();
        return new TrainerStatus(
                trainer.workerId(),
                process.ready(),
                process.waitingFor(),
                trainer.adapters().stream().map(Adapter::of).toList());
    }
}
