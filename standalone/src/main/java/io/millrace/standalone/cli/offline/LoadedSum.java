package io.millrace.standalone.cli.offline;

import io.millrace.engine.compose.WeightedSum;
import io.millrace.engine.decode.EmbeddedGenerator;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import java.util.ArrayList;
import java.util.List;

/** A weighted sum of adapters on a generator's device, for as long as it is open. */
final class LoadedSum implements AutoCloseable {
    private final List<WeightedAdapter> adapters = new ArrayList<>();

    LoadedSum(EmbeddedGenerator generator, List<WeightedSum.Part> parts) {
        try {
            parts.forEach(
                    part -> adapters.add(new WeightedAdapter(generator.load(part.adapter()), (float) part.weight())));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    List<WeightedAdapter> adapters() {
        return List.copyOf(adapters);
    }

    @Override
    public void close() {
        adapters.forEach(weighted -> weighted.adapter().close());
    }
}
