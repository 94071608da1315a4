package io.millrace.trainer.api;

import io.millrace.trainer.Trainer;
import io.millrace.trainer.TrainerProcess;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/** Ready when examples are curated and each assigned partition's journal was read. */
@Readiness
public final class TrainerReadiness implements HealthCheck {
    private final TrainerProcess process;

    public TrainerReadiness(TrainerProcess process) {
        this.process = process;
    }

    @Override
    public HealthCheckResponse call() {
        Trainer trainer = process.trainer();
        HealthCheckResponseBuilder response =
                HealthCheckResponse.named("trainer").status(trainer.ready());
        for (Map.Entry<String, String> part : trainer.waitingFor().entrySet()) {
            response.withData(part.getKey(), part.getValue().isEmpty() ? "works" : "waits for: " + part.getValue());
        }
        return response.build();
    }
}
