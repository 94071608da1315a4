package io.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.AdapterName;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lookups of a version over HTTP, of an adapter that has many. */
@Command(
        name = "lookup",
        mixinStandardHelpOptions = true,
        description =
                "Version lookups over HTTP. Without --server it starts a system of its own, on nano, and stops it.")
public final class LookupBench implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--versions", defaultValue = "10000", description = "Versions of the adapter (${DEFAULT-VALUE}).")
    private int versions;

    @Option(names = "--server", paramLabel = "URL", description = "A running system that may be filled with versions.")
    private Optional<String> server;

    @Option(names = "--threads", defaultValue = "4", description = "Requests at once (${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--lookups", defaultValue = "20000", description = "Lookups to measure (${DEFAULT-VALUE}).")
    private int lookups;

    @Override
    public Integer call() throws Exception {
        if (server.isPresent()) {
            print(measure(server.get()));
            return 0;
        }
        try (OwnSystem system = OwnSystem.start(Optional.<Path>empty())) {
            print(measure(system.url()));
        }
        return 0;
    }

    private Map<String, Object> measure(String url) throws Exception {
        AdapterName adapter = AdapterName.parse("bench/lookup");
        ManyVersions.Filled filled = ManyVersions.fill(url, adapter, versions);
        LookupLoad load = new LookupLoad(url, adapter, filled.ids(), threads);
        load.run(Math.min(lookups, 2_000));
        LookupLoad.Result result = load.run(lookups);
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "lookup");
        line.put("versions", versions);
        line.put("threads", threads);
        line.put("lookups", lookups);
        line.put("lookups_per_s", Math.round(result.perSecond()));
        line.put("p50_us", result.percentileMicros(0.5));
        line.put("p99_us", result.percentileMicros(0.99));
        line.put("fill_s", Math.round(filled.seconds() * 10) / 10.0);
        return line;
    }

    private void print(Map<String, Object> line) throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        out.println(new ObjectMapper().writeValueAsString(line));
        out.flush();
    }
}
