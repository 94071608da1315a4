package io.millrace.registry.service;

import io.millrace.registry.LogStatus;
import java.util.Optional;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready when the log was read and is followed, and the store answers. */
@Readiness
public final class RegistryReadiness implements HealthCheck {
    private final RegistryAccess registry;
    private final BlobAccess blobs;

    public RegistryReadiness(RegistryAccess registry, BlobAccess blobs) {
        this.registry = registry;
        this.blobs = blobs;
    }

    @Override
    public HealthCheckResponse call() {
        LogStatus status = registry.status();
        Optional<String> trouble = blobs.trouble();
        return HealthCheckResponse.named("registry")
                .status(status instanceof LogStatus.Following && trouble.isEmpty())
                .withData("log", status.detail())
                .withData("offset", registry.anyView().offset())
                .withData("store", trouble.orElse("reachable"))
                .build();
    }
}
