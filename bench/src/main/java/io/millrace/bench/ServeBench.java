package io.millrace.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** How fast a running system answers over its OpenAI-compatible API, at several numbers of requests at once. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        description = "Tokens a second and time to the first token of a running router, streamed.")
public final class ServeBench implements Callable<Integer> {
    private static final String DATA = "data: ";
    private static final String DONE = "[DONE]";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--server",
            defaultValue = "${env:MILLRACE_SERVER:-http://127.0.0.1:8080}",
            description = "The router (${DEFAULT-VALUE}).")
    private URI server;

    @Option(
            names = "--token",
            defaultValue = "${env:MILLRACE_TOKEN:-}",
            description = "Bearer token, where one is needed.")
    private String token;

    @Option(
            names = "--model",
            defaultValue = "base",
            split = ",",
            description = "Models that requests take in turn (${DEFAULT-VALUE}).")
    private List<String> models;

    @Option(
            names = "--concurrency",
            defaultValue = "1,4,8",
            split = ",",
            description = "Requests at once, a line for each (${DEFAULT-VALUE}).")
    private List<Integer> concurrency;

    @Option(names = "--requests", defaultValue = "24", description = "Requests of a line (${DEFAULT-VALUE}).")
    private int requests;

    @Option(names = "--new", defaultValue = "64", description = "Tokens of an answer at most (${DEFAULT-VALUE}).")
    private int newTokens;

    private final ObjectMapper json = new ObjectMapper();

    @Override
    public Integer call() throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        answer(client, 0);
        for (int level : concurrency) {
            measure(client, level);
        }
        return 0;
    }

    private void measure(HttpClient client, int level) throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(level);
        List<Answer> answers = new ArrayList<>();
        long start = System.nanoTime();
        try {
            List<Future<Answer>> pending = new ArrayList<>();
            for (int i = 0; i < requests; i++) {
                int number = i;
                pending.add(callers.submit(() -> answer(client, number)));
            }
            for (Future<Answer> future : pending) {
                answers.add(future.get());
            }
        } finally {
            callers.shutdownNow();
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long tokens = answers.stream().mapToLong(Answer::tokens).sum();
        double[] first =
                answers.stream().mapToDouble(Answer::firstMillis).sorted().toArray();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "serve");
        line.put("models", models);
        line.put("concurrency", level);
        line.put("requests", requests);
        line.put("new", newTokens);
        line.put("new_tokens", tokens);
        line.put("new_tokens_per_s", round(tokens / seconds));
        line.put("requests_per_s", round(requests / seconds));
        line.put("ttft_ms_p50", round(percentile(first, 0.5)));
        line.put("ttft_ms_p95", round(percentile(first, 0.95)));
        PrintWriter out = spec.commandLine().getOut();
        out.println(json.writeValueAsString(line));
        out.flush();
    }

    /** @throws MillraceException {@code not_ready} with the server's answer where it isn't a stream */
    private Answer answer(HttpClient client, int number) throws IOException, InterruptedException {
        Map<String, Object> body = Map.of(
                "model",
                models.get(number % models.size()),
                "messages",
                List.of(Map.of("role", "user", "content", "Tell me something new about the number " + number + ".")),
                "max_tokens",
                newTokens,
                "temperature",
                0,
                "stream",
                true,
                "stream_options",
                Map.of("include_usage", true));
        HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve("/v1/chat/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body)));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        long start = System.nanoTime();
        HttpResponse<Stream<String>> response = client.send(request.build(), HttpResponse.BodyHandlers.ofLines());
        try (Stream<String> lines = response.body()) {
            if (response.statusCode() != 200) {
                throw new MillraceException(
                        ErrorCode.NOT_READY,
                        server + " answered " + response.statusCode() + ": "
                                + lines.findFirst().orElse("nothing") + "; is 'millrace up' running there?");
            }
            return read(lines.iterator(), start);
        }
    }

    private Answer read(Iterator<String> lines, long start) throws IOException {
        double firstMillis = Double.NaN;
        long tokens = 0;
        while (lines.hasNext()) {
            String line = lines.next();
            if (!line.startsWith(DATA) || line.equals(DATA + DONE)) {
                continue;
            }
            JsonNode chunk = json.readTree(line.substring(DATA.length()));
            boolean text = !chunk.at("/choices/0/delta/content").asText("").isEmpty();
            if (text && Double.isNaN(firstMillis)) {
                firstMillis = (System.nanoTime() - start) / 1e6;
            }
            tokens = chunk.at("/usage/completion_tokens").asLong(tokens);
        }
        return new Answer(Double.isNaN(firstMillis) ? (System.nanoTime() - start) / 1e6 : firstMillis, tokens);
    }

    /** @param sorted ascending, not empty */
    private static double percentile(double[] sorted, double share) {
        int at = (int) Math.ceil(share * sorted.length) - 1;
        return sorted[Math.max(0, Math.min(sorted.length - 1, at))];
    }

    private static double round(double value) {
        return Math.round(value * 100) / 100.0;
    }

    private record Answer(double firstMillis, long tokens) {}
}
