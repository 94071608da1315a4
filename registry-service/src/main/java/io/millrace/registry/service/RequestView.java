package io.millrace.registry.service;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import jakarta.enterprise.context.RequestScoped;
import java.util.Optional;
import java.util.OptionalLong;

/** What one request reads, and the offset at which its answer is true. */
@RequestScoped
public class RequestView {
    private Optional<RegistryView> view = Optional.empty();
    private OptionalLong writtenAt = OptionalLong.empty();

    void set(RegistryView chosen) {
        view = Optional.of(chosen);
    }

    /** Says that the answer contains a record of this request's own. */
    public void written(long offset, RegistryView now) {
        view = Optional.of(now);
        writtenAt = OptionalLong.of(offset);
    }

    public RegistryView get() {
        return view.orElseThrow();
    }

    /** Empty where the request failed before it had a view. */
    OptionalLong offset() {
        return view.isPresent()
                ? OptionalLong.of(Math.max(get().offset(), writtenAt.orElse(-1)))
                : OptionalLong.empty();
    }

    /** @throws MillraceException {@code unknown_adapter} */
    public AdapterEntry adapter(AdapterName name) {
        return get().adapter(name)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_ADAPTER,
                        "there is no adapter " + name + "; GET /api/v1/adapters lists them"));
    }
}
