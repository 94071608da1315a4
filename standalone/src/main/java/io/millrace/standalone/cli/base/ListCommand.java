package io.millrace.standalone.cli.base;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.engine.base.BaseStore;
import io.millrace.standalone.cli.BaseStoreOption;
import io.millrace.standalone.cli.Out;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(name = "list", description = "The bases that are here.", mixinStandardHelpOptions = true)
final class ListCommand implements Runnable {
    private static final double MIB = 1 << 20;

    @Mixin
    private BaseStoreOption store;

    @Mixin
    private Out out;

    /** A base as {@code --json} shows it. */
    record Row(
            @JsonProperty("name") String name,
            @JsonProperty("id") String id,
            @JsonProperty("quantisation") String quantisation,
            @JsonProperty("bytes") long bytes) {
        static Row of(BaseStore.Entry entry) {
            return new Row(
                    entry.description().name(),
                    entry.description().id().hex(),
                    entry.description().quantisation().name().toLowerCase(Locale.ROOT),
                    entry.bytes());
        }
    }

    @Override
    public void run() {
        List<Row> bases = store.open().list().stream().map(Row::of).toList();
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("BASE", "QUANTISATION", "SIZE", "ID"));
        for (Row base : bases) {
            rows.add(List.of(
                    base.name().isEmpty() ? "-" : base.name(),
                    base.quantisation(),
                    String.format(Locale.ROOT, "%.1f MiB", base.bytes() / MIB),
                    base.id()));
        }
        out.table(rows);
        out.result(bases);
    }
}
