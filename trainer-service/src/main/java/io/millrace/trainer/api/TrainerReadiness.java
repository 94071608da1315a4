package io.millrace.trainer.api;

import io.millrace.trainer.TrainerProcess;
import java.util.Map;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when examples are curated, each assigned partition's journal was read, and Kafka and the store answer; else it
 * says what is waited for.
 */
@Readiness
public final class TrainerReadiness implements HealthCheck {
    private final TrainerProcess process;

    public TrainerReadiness(TrainerProcess process) {
        this.process = process;
    }

    @Override
    public HealthCheckResponse call() {
        Map<String, String> parts = process.waitingFor();
        HealthCheckResponseBuilder response = HealthCheckResponse.named("trainer")
                .status(parts.values().stream().allMatch(String::isEmpty));
        for (Map.Entry<String, String> part : parts.entrySet()) {
            response.withData(part.getKey(), part.getValue().isEmpty() ? "works" : "waits for: " + part.getValue());
        }
        return response.build();
    }
}
