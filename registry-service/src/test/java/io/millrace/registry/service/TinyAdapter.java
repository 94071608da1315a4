package io.millrace.registry.service;

import static io.restassured.RestAssured.given;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescriptionJson;
import io.millrace.core.Digest;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.Manifest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Small real adapters for a base of one layer, published through the public door. */
final class TinyAdapter {
    static final BaseDescription BASE = new BaseDescription(
            Digest.of("tiny base"),
            "tiny",
            "llama",
            64,
            16,
            24,
            1,
            2,
            1,
            8,
            128,
            1e-5,
            true,
            new BaseDescription.Rope(10000, Optional.empty()),
            Optional.of(1),
            List.of(2),
            BaseDescription.Quantisation.DENSE);

    private TinyAdapter() {}

    static PeftDirectory.Version version(String adapter, long seed, Optional<VersionId> parent) {
        return PeftDirectory.version(
                AdapterName.parse(adapter),
                BASE,
                weights(seed),
                new PeftDirectory.Lineage(
                        parent,
                        Optional.empty(),
                        new TreeSet<>(Set.of("test")),
                        List.of(new Manifest.Round(seed, Digest.of("plan " + seed), Digest.of("head " + seed)))));
    }

    static AdapterWeights weights(long seed) {
        Random random = new Random(seed);
        Map<String, LoraPair> modules = new TreeMap<>();
        BASE.linearModules().stream()
                .filter(m -> m.suffix().equals("q_proj") || m.suffix().equals("v_proj"))
                .forEach(m -> modules.put(
                        m.path(),
                        new LoraPair(4, m.in(), m.out(), random(random, 4 * m.in()), random(random, m.out() * 4))));
        return AdapterWeights.of(LoraConfig.of(4, 8, 0, Set.of("q_proj", "v_proj")), modules);
    }

    private static float[] random(Random random, int length) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    static void registerBase() {
        given().body(BaseDescriptionJson.write(BASE))
                .put("/api/v1/bases/" + BASE.id())
                .then()
                .statusCode(200);
    }

    static void upload(PeftDirectory.Version version) {
        version.files().forEach((name, content) -> upload(content));
    }

    static void upload(byte[] content) {
        given().contentType("application/octet-stream")
                .body(content)
                .put("/api/v1/blobs/" + Digest.of(content))
                .then()
                .statusCode(200);
    }

    /** Uploads and publishes; the first version becomes champion. */
    static VersionId publish(String adapter, long seed) {
        return publish(adapter, seed, "");
    }

    /** @param more further fields of the body, with a comma in front */
    static VersionId publish(String adapter, long seed, String more) {
        PeftDirectory.Version version = version(adapter, seed, Optional.empty());
        upload(version);
        given().contentType("application/json")
                .body(body(version, more))
                .post("/api/v1/adapters/" + adapter + "/versions")
                .then()
                .statusCode(201);
        return version.id();
    }

    static String body(PeftDirectory.Version version, String more) {
        return "{\"manifest\": " + new String(version.manifest().canonicalBytes(), StandardCharsets.UTF_8) + more + "}";
    }
}
