package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.matchesPattern;
import static org.hamcrest.Matchers.nullValue;

import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedPlatformResource.class)
class HubTest {
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final String WEIGHTS = "adapter_model.safetensors";

    private final String repo = "hub/a" + NAMES.incrementAndGet();
    private VersionId one;

    private VersionId two;

    @BeforeEach
    void twoVersions() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> get("/q/health/ready").statusCode() == 200);
        TinyAdapter.registerBase();
        one = TinyAdapter.publish(repo, 1);
        two = TinyAdapter.publish(repo, 2);
    }

    @Test
    void mainIsTheChampion() {
        get("/api/models/" + repo)
                .then()
                .statusCode(200)
                .body("id", equalTo(repo))
                .body("sha", equalTo(one.hex()))
                .body("lastModified", matchesPattern("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"))
                .body("siblings.rfilename", hasItem(WEIGHTS));
        get("/api/models/" + repo + "/revision/v2").then().statusCode(200).body("sha", equalTo(two.hex()));
        get("/api/models/" + repo + "/tree/main?recursive=True&expand=False")
                .then()
                .statusCode(200)
                .body("path", hasItem(WEIGHTS))
                .body("find { it.path == '" + WEIGHTS + "' }.lfs.oid", equalTo(weightsDigest(1)));
    }

    @Test
    void filesAreResolvedWithoutRedirect() {
        byte[] weights = TinyAdapter.version(repo, 1, Optional.empty()).files().get(WEIGHTS);

        given().redirects()
                .follow(false)
                .head("/" + repo + "/resolve/main/" + WEIGHTS)
                .then()
                .statusCode(200)
                .header("X-Repo-Commit", equalTo(one.hex()))
                .header("ETag", equalTo("\"" + weightsDigest(1) + "\""))
                .header("Content-Length", equalTo(Integer.toString(weights.length)));
        assertThat(get("/" + repo + "/resolve/" + one + "/" + WEIGHTS).asByteArray())
                .isEqualTo(weights);
        given().header("Range", "bytes=8-15")
                .get("/" + repo + "/resolve/main/" + WEIGHTS)
                .then()
                .statusCode(206)
                .header("Content-Length", equalTo("8"))
                .header("Content-Range", equalTo("bytes 8-15/" + weights.length));
        given().header("If-None-Match", "\"" + weightsDigest(1) + "\"")
                .get("/" + repo + "/resolve/main/" + WEIGHTS)
                .then()
                .statusCode(304);
        get("/" + repo + "/resolve/main/adapter_config.json")
                .then()
                .statusCode(200)
                .body("r", equalTo(4))
                .body("peft_type", equalTo("LORA"));
    }

    @Test
    void whatIsntThereSaysWhichPartIsnt() {
        get("/api/models/no/such").then().statusCode(404).header("X-Error-Code", equalTo("RepoNotFound"));
        get("/api/models/" + repo + "/revision/v9")
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RevisionNotFound"))
                .body("code", equalTo("unknown_revision"));
        given().head("/" + repo + "/resolve/main/config.json")
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("EntryNotFound"))
                .header("X-Error-Message", containsString("config.json"));
        given().head("/no/such/resolve/main/config.json")
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RepoNotFound"));
        get("/" + repo + "/resolve/refs%2Fpr%2F1/config.json")
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RevisionNotFound"));
    }

    /** As {@code HfApi.get_paths_info} and {@code list_repo_refs} ask. */
    @Test
    void pathsAndRefsAreTold() {
        given().formParam("paths", WEIGHTS, "no-such-file")
                .formParam("expand", false)
                .post("/api/models/" + repo + "/paths-info/main")
                .then()
                .statusCode(200)
                .body("path", contains(WEIGHTS))
                .body("[0].lfs.oid", equalTo(weightsDigest(1)));
        given().formParam("paths", WEIGHTS)
                .post("/api/models/" + repo + "/paths-info/v9")
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RevisionNotFound"));
        get("/api/models/" + repo + "/refs")
                .then()
                .statusCode(200)
                .body("branches.name", contains("main", "champion"))
                .body("branches[0].targetCommit", equalTo(one.hex()))
                .body("tags.name", contains("v1", "v2"))
                .body("tags[1].ref", equalTo("refs/tags/v2"));
    }

    @Test
    void namesThatNoHeaderCanHoldAreAnsweredAllTheSame() {
        given().urlEncodingEnabled(false)
                .get("/" + repo + "/resolve/main%0d%0aSet-Cookie:%20a/" + WEIGHTS)
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RevisionNotFound"))
                .header("Set-Cookie", nullValue())
                .body("code", equalTo("unknown_revision"));
        given().urlEncodingEnabled(false)
                .get("/" + repo + "/resolve/main/%E2%82%AC.bin")
                .then()
                .statusCode(404)
                .header("X-Error-Message", containsString("?.bin"));
    }

    @Test
    void anIdCanBePinnedToAVersion() {
        get("/api/models/" + repo + ".v2")
                .then()
                .statusCode(200)
                .body("id", equalTo(repo + ".v2"))
                .body("sha", equalTo(two.hex()));
        given().head("/" + repo + ".v2/resolve/main/" + WEIGHTS)
                .then()
                .statusCode(200)
                .header("X-Repo-Commit", equalTo(two.hex()))
                .header("ETag", equalTo("\"" + weightsDigest(2) + "\""));
        given().head("/" + repo + ".v2/resolve/" + two + "/" + WEIGHTS).then().statusCode(200);
        given().head("/" + repo + ".v2/resolve/" + one + "/" + WEIGHTS)
                .then()
                .statusCode(404)
                .header("X-Error-Code", equalTo("RevisionNotFound"));
        get("/api/models/" + repo + ".v9").then().statusCode(404).header("X-Error-Code", equalTo("RepoNotFound"));
    }

    private String weightsDigest(long seed) {
        PeftDirectory.Version version = TinyAdapter.version(repo, seed, Optional.empty());
        return Digest.of(version.files().get(WEIGHTS)).hex();
    }
}
