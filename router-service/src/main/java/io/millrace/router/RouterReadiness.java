package io.millrace.router;

import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready when requests can be answered; says what is missing, that Kafka is away, and which adapters an older version
 * answers for.
 */
@Readiness
@ApplicationScoped
public class RouterReadiness implements HealthCheck {
    private final RouterSystem system;

    public RouterReadiness(RouterSystem system) {
        this.system = system;
    }

    @Override
    public HealthCheckResponse call() {
        var missing = system.missing();
        HealthCheckResponseBuilder response =
                HealthCheckResponse.named("millrace router").status(missing.isEmpty());
        missing.forEach(response::withData);
        system.impaired().forEach(response::withData);
        system.baseId().ifPresent(id -> response.withData("base-id", id.hex()));
        system.behind().forEach((adapter, why) -> response.withData("behind: " + adapter, why));
        return response.build();
    }
}
