package io.millrace.registry.service.api;

import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.service.RegistryAccess;
import io.millrace.registry.service.RequestView;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Optional;

/** Commands of a request: appended, waited for, and the answer made from the state after them. */
@Singleton
public final class Commands {
    /** A command with this key is carried out once, however often it is sent. */
    static final String IDEMPOTENCY_KEY = "Idempotency-Key";

    private static final String ACTOR = "rest";

    private final RegistryAccess registry;
    private final RequestView current;

    public Commands(RegistryAccess registry, RequestView current) {
        this.registry = registry;
        this.current = current;
    }

    CommandOutcome execute(HttpHeaders headers, RegistryRecord.Builder command) {
        CommandOutcome outcome = registry.execute(
                command,
                ACTOR,
                Optional.ofNullable(headers.getHeaderString(IDEMPOTENCY_KEY)).filter(k -> !k.isBlank()));
        current.written(outcome.offset(), registry.view());
        return outcome;
    }
}
