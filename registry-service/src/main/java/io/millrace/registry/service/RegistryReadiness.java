package io.millrace.registry.service;

import io.millrace.core.MillraceException;
import io.millrace.registry.LogStatus;
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
        String store = storeTrouble();
        return HealthCheckResponse.named("registry")
                .status(status instanceof LogStatus.Following && store.isEmpty())
                .withData("log", status.detail())
                .withData("offset", registry.anyView().offset())
                .withData("store", store.isEmpty() ? "reachable" : store)
                .build();
    }

    private String storeTrouble() {
        try {
            blobs.store().listSnapshots("registry/");
            return "";
        } catch (MillraceException e) {
            return e.getMessage();
        }
    }
}
