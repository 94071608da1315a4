package io.millrace.registry.service;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Which parts of the system are up: those in this process, and those whose addresses are known. */
public final class PartProbe {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    private final List<String> here;
    private final Map<String, URI> elsewhere;
    private final String version;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    /**
     * @param here parts in this process
     * @param elsewhere addresses of others
     * @param version of this build
     */
    public PartProbe(List<String> here, Map<String, URI> elsewhere, String version) {
        this.here = List.copyOf(here);
        this.elsewhere = Map.copyOf(elsewhere);
        this.version = version;
    }

    /** @param url absent: in the process that answers */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Part(boolean up, Optional<String> url) {}

    public String version() {
        return version;
    }

    /** Asks those elsewhere, a second each at most. */
    public Map<String, Part> look() {
        Map<String, Part> parts = new TreeMap<>();
        elsewhere.forEach((name, url) -> parts.put(name, new Part(live(url), Optional.of(url.toString()))));
        here.forEach(name -> parts.put(name, new Part(true, Optional.empty())));
        return parts;
    }

    private boolean live(URI url) {
        try {
            HttpRequest request = HttpRequest.newBuilder(url.resolve("/q/health/live"))
                    .timeout(TIMEOUT)
                    .build();
            return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
