package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.notNullValue;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.Manifest;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.restassured.response.ValidatableResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedPlatformResource.class)
class PublishTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String adapter = "publish/a" + NAMES.incrementAndGet();

    @BeforeEach
    void ready() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> get("/q/health/ready").statusCode() == 200);
        TinyAdapter.registerBase();
    }

    @Test
    void everyMissingAndMismatchingBlobIsNamed() {
        PeftDirectory.Version version = TinyAdapter.version(adapter, 11, Optional.empty());
        SortedMap<String, Manifest.FileDigest> files =
                new TreeMap<>(version.manifest().files());
        TinyAdapter.upload(version.files().get("README.md"));
        Digest card = files.get("README.md").sha256();
        files.put("README.md", new Manifest.FileDigest(card, 3));

        publish(with(version.manifest(), files))
                .statusCode(422)
                .body("code", equalTo("invalid_adapter"))
                .body(
                        "detail",
                        allOf(
                                containsString("adapter_model.safetensors"),
                                containsString("was not uploaded"),
                                containsString("README.md has"),
                                containsString("but the manifest says 3")));
        get("/api/v1/adapters/" + adapter).then().statusCode(404);
    }

    @Test
    void wrongShapesAndNonFiniteWeightsAreRefused() {
        AdapterWeights weights = TinyAdapter.weights(1);
        SortedMap<String, LoraPair> shapes = new TreeMap<>(weights.modules());
        String path = shapes.firstKey();
        LoraPair pair = shapes.get(path);
        shapes.put(path, new LoraPair(4, pair.in() + 1, pair.out(), new float[4 * (pair.in() + 1)], pair.b()));
        uploadAndPublish(AdapterWeights.of(weights.config(), shapes))
                .statusCode(422)
                .body("detail", containsString(path));

        float[] b = pair.b().clone();
        b[3] = Float.NaN;
        SortedMap<String, LoraPair> nan = new TreeMap<>(weights.modules());
        nan.put(path, new LoraPair(4, pair.in(), pair.out(), pair.a(), b));
        uploadAndPublish(AdapterWeights.of(weights.config(), nan))
                .statusCode(422)
                .body("code", equalTo("invalid_adapter"));

        SortedMap<String, LoraPair> elsewhere = new TreeMap<>(weights.modules());
        elsewhere.put("model.layers.7.self_attn.q_proj", pair);
        uploadAndPublish(AdapterWeights.of(weights.config(), elsewhere)).statusCode(422);
    }

    @Test
    void aBaseThatNobodyKnowsIsNamed() {
        BaseDescription base = TinyAdapter.BASE;
        PeftDirectory.Version version = TinyAdapter.version(adapter, 1, Optional.empty());
        Manifest manifest = version.manifest();
        Manifest other = new Manifest(
                manifest.adapter(),
                Digest.of("another base"),
                manifest.parent(),
                manifest.rebuiltFrom(),
                manifest.lora(),
                manifest.fingerprints(),
                manifest.rounds(),
                manifest.files());
        TinyAdapter.upload(version);

        publish(other)
                .statusCode(422)
                .body("code", equalTo("invalid_adapter"))
                .body("retryable", equalTo(false))
                .body("detail", allOf(containsString(Digest.of("another base").hex()), containsString("tiny")));
        get("/api/v1/bases")
                .then()
                .body("bases.find { it.name == 'tiny' }.id", equalTo(base.id().hex()));
    }

    @Test
    void everythingThatIsWrongIsNamedAtOnce() {
        // Given weights of which one isn't finite, one has another shape and one belongs to no module
        SortedMap<String, LoraPair> pairs = new TreeMap<>(TinyAdapter.weights(1).modules());
        String first = pairs.firstKey();
        String last = pairs.lastKey();
        LoraPair good = pairs.get(first);
        float[] a = good.a().clone();
        a[0] = Float.POSITIVE_INFINITY;
        pairs.put(first, new LoraPair(4, good.in(), good.out(), a, good.b()));
        LoraPair other = pairs.get(last);
        pairs.put(last, new LoraPair(4, other.in(), other.out() + 2, other.a(), new float[(other.out() + 2) * 4]));
        pairs.put("model.layers.7.mlp.up_proj", good);

        // Then
        uploadAndPublish(AdapterWeights.of(TinyAdapter.weights(1).config(), pairs))
                .statusCode(422)
                .body("code", equalTo("invalid_adapter"))
                .body("detail", containsString(first))
                .body("detail", containsString(last))
                .body("detail", containsString("model.layers.7.mlp.up_proj"));
        get("/api/v1/adapters/" + adapter).then().statusCode(404);
    }

    @Test
    void anotherShapeThanTheFirstVersionsIsRefused() {
        TinyAdapter.publish(adapter, 1);
        AdapterWeights weights = TinyAdapter.weights(2);

        uploadAndPublish(AdapterWeights.of(LoraConfig.of(4, 16, 0, Set.of("q_proj", "v_proj")), weights.modules()))
                .statusCode(409)
                .body("code", equalTo("immutable_setting"));
    }

    @Test
    void promptsAreKeptForTheRouter() {
        TinyAdapter.publish(adapter, 1, ", \"prompts\": [\"Where is my parcel?\", \"Cancel my order\"]");

        String digest = get("/api/v1/adapters/" + adapter + "/versions/v1")
                .then()
                .body("prototypes_sha256", notNullValue())
                .extract()
                .path("prototypes_sha256");
        get("/api/v1/blobs/" + digest).then().statusCode(200).body(containsString("Where is my parcel?"));
    }

    @Test
    void aManifestForAnotherAdapterOrNoneIsRefused() {
        PeftDirectory.Version version = TinyAdapter.version("publish/other", 1, Optional.empty());

        publish(version.manifest()).statusCode(422).body("detail", containsString("publish/other"));
        given().body("{\"manifest\": {\"adapter\": \"" + adapter + "\"}}")
                .post("/api/v1/adapters/" + adapter + "/versions")
                .then()
                .statusCode(422);
        given().body("{}")
                .post("/api/v1/adapters/" + adapter + "/versions")
                .then()
                .statusCode(422);
    }

    private ValidatableResponse uploadAndPublish(AdapterWeights weights) {
        Map<String, byte[]> files = PeftDirectory.files(weights, TinyAdapter.BASE, adapter, "made for a test");
        SortedMap<String, Manifest.FileDigest> digests = new TreeMap<>();
        files.forEach((name, content) -> {
            TinyAdapter.upload(content);
            digests.put(name, Manifest.FileDigest.of(content));
        });
        return publish(new Manifest(
                AdapterName.parse(adapter),
                TinyAdapter.BASE.id(),
                Optional.empty(),
                Optional.empty(),
                weights.config(),
                new TreeSet<>(),
                List.of(),
                digests));
    }

    private ValidatableResponse publish(Manifest manifest) {
        return given().body("{\"manifest\": " + new String(manifest.canonicalBytes(), StandardCharsets.UTF_8) + "}")
                .post("/api/v1/adapters/" + adapter + "/versions")
                .then();
    }

    private static Manifest with(Manifest manifest, SortedMap<String, Manifest.FileDigest> files) {
        return new Manifest(
                manifest.adapter(),
                manifest.base(),
                manifest.parent(),
                manifest.rebuiltFrom(),
                manifest.lora(),
                manifest.fingerprints(),
                manifest.rounds(),
                files);
    }
}
