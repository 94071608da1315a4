package io.millrace.trainer.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;

/**
 * What is asked for.
 *
 * @param kind {@code verify}
 * @param revision of the adapter: an alias, {@code latest}, {@code vN} or 40 hex
 * @param fromGenesis all rounds since the first, not those of the version alone
 */
@JsonNaming(SnakeCaseStrategy.class)
public record JobRequest(String kind, String adapter, String revision, boolean fromGenesis) {
    public JobRequest {
        revision = revision == null ? "latest" : revision;
    }
}
