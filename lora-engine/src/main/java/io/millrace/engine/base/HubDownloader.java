package io.millrace.engine.base;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Fetches a model's files from a Hugging Face hub, or from something that answers as one. */
public final class HubDownloader {
    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";
    private static final Set<String> TEXT_FILES = Set.of(
            "config.json",
            "generation_config.json",
            TextFiles.TOKENIZER,
            TextFiles.TOKENIZER_CONFIG,
            TextFiles.CHAT_TEMPLATE,
            "model.safetensors.index.json");
    private static final int MAX_REDIRECTS = 5;
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final URI endpoint;
    private final Optional<String> token;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    public HubDownloader(URI endpoint, Optional<String> token) {
        this.endpoint = endpoint;
        this.token = token;
    }

    /** Reads {@code HF_ENDPOINT} and {@code HF_TOKEN}. */
    public static HubDownloader fromEnvironment(Map<String, String> environment) {
        String endpoint = environment.getOrDefault("HF_ENDPOINT", "");
        return new HubDownloader(
                URI.create(endpoint.isBlank() ? DEFAULT_ENDPOINT : endpoint),
                Optional.ofNullable(environment.get("HF_TOKEN")).filter(t -> !t.isBlank()));
    }

    /** @param digest where the hub tells it */
    private record RemoteFile(String name, long bytes, Optional<Digest> digest) {}

    /**
     * Downloads what an import reads.
     *
     * @param id {@code org/name}
     * @throws MillraceException {@code download_failed}
     */
    void download(String id, Path directory, ImportProgress progress) {
        try {
            List<RemoteFile> files = files(id);
            long total = files.stream().mapToLong(RemoteFile::bytes).sum();
            long done = 0;
            for (RemoteFile file : files) {
                done = download(id, file, directory.resolve(file.name()), progress, done, total);
            }
        } catch (IOException e) {
            throw failed(id, e.getMessage() == null ? e.toString() : e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(id, "it was interrupted", e);
        }
    }

    private List<RemoteFile> files(String id) throws IOException, InterruptedException {
        JsonNode model;
        try (InputStream body = get(uri("/api/models/" + id + "?blobs=true"), id)) {
            model = new ObjectMapper().readTree(body);
        }
        List<RemoteFile> files = new ArrayList<>();
        boolean weights = false;
        for (JsonNode sibling : model.path("siblings")) {
            String name = sibling.path("rfilename").asText();
            boolean tensors = name.matches("model[A-Za-z0-9._-]*\\.safetensors");
            weights |= tensors;
            if (tensors || TEXT_FILES.contains(name)) {
                String sha256 = sibling.path("lfs").path("sha256").asText("");
                files.add(new RemoteFile(
                        name,
                        sibling.path("size").asLong(0),
                        sha256.matches("[0-9a-f]{64}") ? Optional.of(new Digest(sha256)) : Optional.empty()));
            }
        }
        if (!weights) {
            throw failed(id, "it has no model.safetensors", null);
        }
        return files;
    }

    private long download(String id, RemoteFile file, Path target, ImportProgress progress, long before, long total)
            throws IOException, InterruptedException {
        MessageDigest digest = Digest.sha256();
        long done = before;
        try (InputStream in = get(uri("/" + id + "/resolve/main/" + file.name()), id);
                OutputStream out = Files.newOutputStream(target)) {
            byte[] buffer = new byte[1 << 16];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                digest.update(buffer, 0, n);
                done += n;
                progress.advanced("download", done, Math.max(done, total));
            }
        }
        Digest found = Digest.of(digest);
        if (file.digest().isPresent() && !file.digest().get().equals(found)) {
            throw failed(id, file.name() + " came with another digest than the hub names", null);
        }
        return done;
    }

    /** Follows redirects itself, so that the token goes to the hub alone. */
    private InputStream get(URI start, String id) throws IOException, InterruptedException {
        URI uri = start;
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(uri).timeout(TIMEOUT).header("User-Agent", "millrace");
            if (uri.getAuthority().equals(endpoint.getAuthority())) {
                token.ifPresent(t -> request.header("Authorization", "Bearer " + t));
            }
            HttpResponse<InputStream> response =
                    client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            if (response.statusCode() == 200) {
                return response.body();
            }
            response.body().close();
            Optional<String> location = response.headers().firstValue("Location");
            if (response.statusCode() / 100 != 3 || location.isEmpty()) {
                throw failed(id, "the hub answered " + response.statusCode() + hint(response.statusCode()), null);
            }
            uri = uri.resolve(location.get());
        }
        throw failed(id, "the hub redirects without end", null);
    }

    private static String hint(int status) {
        return switch (status) {
            case 401, 403 -> " (set HF_TOKEN if the model asks for consent)";
            case 404 -> " (no such model)";
            default -> "";
        };
    }

    private URI uri(String path) {
        String root = endpoint.toString();
        return URI.create((root.endsWith("/") ? root.substring(0, root.length() - 1) : root) + path);
    }

    private MillraceException failed(String id, String why, Throwable cause) {
        return new MillraceException(
                ErrorCode.DOWNLOAD_FAILED,
                "can't download " + id + " from " + endpoint + ": " + why + "; " + PipDownloader.INSTEAD,
                cause);
    }
}
