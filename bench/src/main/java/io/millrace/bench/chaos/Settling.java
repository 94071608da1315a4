package io.millrace.bench.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Waits until a system has nothing left to do: all is trained, and what was trained is a version that can be seen. */
record Settling(HttpClient http, int port) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int QUIET_LOOKS = 5;

    void await(Input input, Duration atMost) throws InterruptedException {
        Set<String> asked = new HashSet<>();
        int quiet = 0;
        long deadline = System.nanoTime() + atMost.toNanos();
        while (quiet < QUIET_LOOKS) {
            if (System.nanoTime() > deadline) {
                throw new MillraceException(
                        ErrorCode.TIMED_OUT, "not everything was published in time: " + get("/api/v1/trainer/status"));
            }
            for (int a = 0; a < input.adapters(); a++) {
                String adapter = input.adapter(a).toString();
                if (!asked.contains(adapter) && status("POST", "/api/v1/trainer/adapters/" + adapter + "/cut") == 202) {
                    asked.add(adapter);
                }
            }
            quiet = asked.size() == input.adapters() && settled() ? quiet + 1 : 0;
            Thread.sleep(300);
        }
    }

    /** Every adapter idle, and its last version in the registry. */
    private boolean settled() throws InterruptedException {
        Optional<JsonNode> status = get("/api/v1/trainer/status");
        if (status.isEmpty()) {
            return false;
        }
        for (JsonNode adapter : status.get().path("adapters")) {
            String version = adapter.path("version").asText();
            if (!adapter.path("state").asText().equals("idle")
                    || version.isEmpty()
                    || get("/api/v1/adapters/" + adapter.path("name").asText() + "/versions/" + version)
                            .isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private Optional<JsonNode> get(String path) throws InterruptedException {
        try {
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
            return response.statusCode() == 200 ? Optional.of(JSON.readTree(response.body())) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private int status(String method, String path) throws InterruptedException {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .method(method, HttpRequest.BodyPublishers.noBody())
                                    .build(),
                            HttpResponse.BodyHandlers.discarding())
                    .statusCode();
        } catch (IOException e) {
            return -1;
        }
    }
}
