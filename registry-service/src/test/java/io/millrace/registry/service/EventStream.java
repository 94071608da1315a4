package io.millrace.registry.service;

import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A client of server-sent events. */
final class EventStream implements AutoCloseable {
    private final HttpResponse<InputStream> response;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader = new Thread(this::read, "sse-reader");

    private EventStream(HttpResponse<InputStream> response) {
        this.response = response;
    }

    /** @param lastEventId empty: this client wasn't here before */
    static EventStream open(URI uri, String lastEventId) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).header("Accept", "text/event-stream");
        if (!lastEventId.isEmpty()) {
            request.header("Last-Event-ID", lastEventId);
        }
        EventStream events = new EventStream(
                HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofInputStream()));
        events.reader.start();
        return events;
    }

    String header(String name) {
        return response.headers().firstValue(name).orElse("");
    }

    void awaitLine(String text) {
        await().until(() -> lines.stream().anyMatch(l -> l.contains(text)));
    }

    List<String> lines() {
        return List.copyOf(lines);
    }

    private void read() {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line.replaceFirst(": ", ":"));
            }
        } catch (IOException e) {
            lines.add("closed");
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        response.body().close();
        reader.join(10_000);
    }
}
