package io.millrace.registry.service;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.LogStatus;
import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;

/** What the registry holds, for Prometheus. */
@Startup
@Singleton
public final class RegistryMetrics {

    public RegistryMetrics(MeterRegistry meters, RegistryAccess registry) {
        Gauge.builder("millrace.registry.offset", registry, r -> r.anyView().offset())
                .description("offset of the last record that the fold passed")
                .register(meters);
        Gauge.builder("millrace.registry.adapters", registry, r -> r.anyView()
                        .adapters()
                        .size())
                .description("adapters")
                .register(meters);
        Gauge.builder("millrace.registry.versions", registry, RegistryMetrics::versions)
                .description("versions of all adapters, retired ones included")
                .register(meters);
        Gauge.builder("millrace.registry.following", registry, r -> r.status() instanceof LogStatus.Following ? 1 : 0)
                .description("1 while the log in Kafka is followed")
                .register(meters);
    }

    private static double versions(RegistryAccess registry) {
        double versions = 0;
        for (AdapterEntry adapter : registry.anyView().adapters()) {
            versions += adapter.versions().size();
        }
        return versions;
    }
}
