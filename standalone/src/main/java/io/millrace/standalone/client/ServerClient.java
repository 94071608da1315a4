package io.millrace.standalone.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A running system's HTTP interface. Every failure is a {@link MillraceException}: problem documents keep their code,
 * a server that can't be reached says how to start one.
 */
public final class ServerClient {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration CONNECT_AT_MOST = Duration.ofSeconds(5);
    private static final Duration ANSWER_AT_MOST = Duration.ofMinutes(5);

    /** HTTP/1.1: under HTTP/2 a stream that is cancelled can close the connection of all other requests (docs/api.md). */
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_AT_MOST)
            .build();

    private final String server;
    private final Optional<String> token;

    /** @param server as {@code http://127.0.0.1:8080} */
    public ServerClient(String server, Optional<String> token) {
        this.server = server.endsWith("/") ? server.substring(0, server.length() - 1) : server;
        this.token = token;
        if (!this.server.matches("https?://.+")) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "'" + server + "' is no server address; write it as http://127.0.0.1:8080");
        }
    }

    /** A JSON answer with the headers that came with it. */
    public record Answer(JsonNode body, Map<String, String> headers) {
        public Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name.toLowerCase(java.util.Locale.ROOT)));
        }
    }

    public String url() {
        return server;
    }

    public JsonNode get(String path) {
        return json(request("GET", path, Map.of(), Optional.empty())).body();
    }

    public JsonNode post(String path, Object body) {
        return json(request("POST", path, Map.of(), Optional.of(body))).body();
    }

    public JsonNode put(String path, Object body) {
        return put(path, body, Map.of());
    }

    public JsonNode put(String path, Object body, Map<String, String> headers) {
        return json(request("PUT", path, headers, Optional.of(body))).body();
    }

    /** The bytes behind a path. */
    public byte[] download(String path) {
        HttpResponse<InputStream> response = send(request("GET", path, Map.of(), Optional.empty()));
        return bytes(response);
    }

    /** Whether the path answers 200, without complaint where it doesn't. */
    public boolean isUp(String path) {
        try {
            return http.send(request("GET", path, Map.of(), Optional.empty()), BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** Posts and hands over each server-sent event's JSON as it comes, until {@code [DONE]} or the stream's end. */
    public void stream(String path, Object body, Consumer<JsonNode> onEvent) {
        HttpResponse<InputStream> response =
                send(request("POST", path, Map.of("Accept", "text/event-stream"), Optional.of(body)));
        try (InputStream in = response.body();
                Stream<String> lines =
                        new java.io.BufferedReader(new java.io.InputStreamReader(in, StandardCharsets.UTF_8)).lines()) {
            lines.filter(line -> line.startsWith("data:"))
                    .map(line -> line.substring("data:".length()).strip())
                    .takeWhile(data -> !data.equals("[DONE]"))
                    .forEach(data -> onEvent.accept(parse(data)));
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, server + " ended its answer early: " + e.getMessage() + "; ask again", e);
        }
    }

    private HttpRequest request(String method, String path, Map<String, String> headers, Optional<Object> body) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(server + path)).timeout(ANSWER_AT_MOST);
        token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
        headers.forEach(request::header);
        if (body.isPresent()) {
            request.header("Content-Type", "application/json");
        }
        return request.method(
                        method, body.map(b -> BodyPublishers.ofString(write(b))).orElseGet(BodyPublishers::noBody))
                .build();
    }

    private HttpResponse<InputStream> send(HttpRequest request) {
        try {
            HttpResponse<InputStream> response = http.send(request, BodyHandlers.ofInputStream());
            if (response.statusCode() >= 400) {
                throw problem(request, response.statusCode(), bytes(response));
            }
            return response;
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY,
                    server + " can't be reached ("
                            + Optional.ofNullable(e.getMessage()).orElse(e.toString())
                            + "); start a system with 'millrace up', or say where one runs with --server",
                    e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private Answer json(HttpRequest request) {
        HttpResponse<InputStream> response = send(request);
        byte[] bytes = bytes(response);
        Map<String, String> headers = new java.util.TreeMap<>();
        response.headers().map().forEach((name, values) -> headers.put(name, values.get(0)));
        return new Answer(
                bytes.length == 0 ? JSON.nullNode() : parse(new String(bytes, StandardCharsets.UTF_8)), headers);
    }

    private byte[] bytes(HttpResponse<InputStream> response) {
        try (InputStream in = response.body()) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new MillraceException(
                    ErrorCode.NOT_READY, server + " ended its answer early: " + e.getMessage() + "; ask again", e);
        }
    }

    private JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new MillraceException(
                    ErrorCode.INTERNAL,
                    server + " answers with something that isn't JSON: is it a Millrace server?",
                    e);
        }
    }

    /** An RFC 9457 problem document, or OpenAI's {@code {"error": {...}}}, as the exception it stands for. */
    private MillraceException problem(HttpRequest request, int status, byte[] body) {
        JsonNode document;
        try {
            document = JSON.readTree(body);
        } catch (IOException e) {
            document = JSON.nullNode();
        }
        JsonNode error = document.path("error").isObject() ? document.path("error") : document;
        String code = error.path("code").asText("");
        String text = Stream.of("detail", "message", "title")
                .map(field -> error.path(field).asText(""))
                .filter(t -> !t.isEmpty())
                .findFirst()
                .orElse(request.method() + " " + request.uri().getPath() + " answers " + status);
        ErrorCode known = ErrorCode.of(code).orElse(ErrorCode.INTERNAL);
        return new MillraceException(known, text + (code.isEmpty() ? "" : " (" + code + ")"));
    }

    private static String write(Object body) {
        try {
            return JSON.writeValueAsString(body);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static MillraceException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new MillraceException(ErrorCode.TIMED_OUT, "interrupted", e);
    }
}
