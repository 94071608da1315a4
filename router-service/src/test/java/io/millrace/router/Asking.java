package io.millrace.router;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** A client of the router under test. */
final class Asking {
    static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();
    private final URI root;

    Asking(URI root) {
        this.root = root;
    }

    record Reply(int status, JsonNode body, String text, Map<String, List<String>> headers) {
        String answer() {
            return body.at("/choices/0/message/content").asText();
        }

        String version() {
            return body.at("/millrace/adapters/0/version").asText();
        }

        String step() {
            return body.at("/millrace/step").asText();
        }
    }

    /** A short greedy chat. */
    Reply chat(String model, String prompt) {
        return post("/v1/chat/completions", Map.of("model", model, "messages", user(prompt), "max_tokens", 12));
    }

    static List<Map<String, String>> user(String prompt) {
        return List.of(Map.of("role", "user", "content", prompt));
    }

    Reply post(String path, Object body) {
        try {
            return send(HttpRequest.newBuilder(root.resolve(path))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            body instanceof String s ? s : JSON.writeValueAsString(body))));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    Reply get(String path) {
        return send(HttpRequest.newBuilder(root.resolve(path)).GET());
    }

    private Reply send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response =
                    client.send(request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
            String text = response.body();
            JsonNode body = text.startsWith("{") ? JSON.readTree(text) : JSON.missingNode();
            return new Reply(
                    response.statusCode(), body, text, response.headers().map());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Value of a line of the Prometheus page whose start is this, 0 where there is none. */
    double metric(String start) {
        return get("/q/metrics")
                .text()
                .lines()
                .filter(l -> l.startsWith(start))
                .mapToDouble(l -> Double.parseDouble(l.substring(l.lastIndexOf(' ') + 1)))
                .sum();
    }
}
