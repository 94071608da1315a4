package io.millrace.registry.service;

import static io.restassured.RestAssured.get;
import static io.restassured.RestAssured.given;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.hamcrest.Matchers.aMapWithSize;
import static org.hamcrest.Matchers.contains;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.emptyString;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.hasItem;
import static org.hamcrest.Matchers.hasSize;
import static org.hamcrest.Matchers.not;
import static org.hamcrest.Matchers.notNullValue;
import static org.hamcrest.Matchers.nullValue;

import io.millrace.core.Digest;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.testkit.EmbeddedPlatformResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedPlatformResource.class)
class RegistryApiTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String adapter = "api/a" + NAMES.incrementAndGet();
    private final String url = "/api/v1/adapters/" + adapter;

    @BeforeEach
    void ready() {
        await().atMost(Duration.ofSeconds(60))
                .until(() -> get("/q/health/ready").statusCode() == 200);
        TinyAdapter.registerBase();
    }

    @Test
    void aPublishedVersionIsFoundByEveryRevisionThatNamesIt() {
        VersionId one = TinyAdapter.publish(adapter, 1);

        for (String revision : new String[] {"champion", "main", "latest", "v1", one.hex()}) {
            get(url + "/versions/" + revision)
                    .then()
                    .statusCode(200)
                    .header("X-Registry-Offset", notNullValue())
                    .body("version", equalTo(one.hex()))
                    .body("ordinal", equalTo(1))
                    .body("aliases", contains("champion"))
                    .body("rank", equalTo(4))
                    .body("files.name", hasItem("adapter_model.safetensors"));
        }
        get(url).then()
                .statusCode(200)
                .body("champion.version", equalTo(one.hex()))
                .body("settings.rank", equalTo("4"))
                .body("base_id", equalTo(TinyAdapter.BASE.id().hex()))
                .body("versions", equalTo(1));
        get("/api/v1/adapters").then().statusCode(200).body("adapters.name", hasItem(adapter));
    }

    @Test
    void publishingAgainChangesNothing() {
        TinyAdapter.publish(adapter, 1);

        given().contentType("application/json")
                .body(TinyAdapter.body(TinyAdapter.version(adapter, 1, Optional.empty()), ""))
                .post(url + "/versions")
                .then()
                .statusCode(200);
        get(url + "/versions").then().body("versions", hasSize(1));
    }

    @Test
    void whatIsntThereIsAProblemDocument() {
        get("/api/v1/adapters/no/such")
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .header("X-Registry-Offset", notNullValue())
                .body("code", equalTo("unknown_adapter"))
                .body("retryable", equalTo(false))
                .body("type", equalTo("urn:millrace:error:unknown_adapter"));
        TinyAdapter.publish(adapter, 1);
        get(url + "/versions/v9").then().statusCode(404).body("code", equalTo("unknown_revision"));
        get(url + "/aliases/canary").then().statusCode(404).body("code", equalTo("unknown_revision"));
        get("/api/v1/adapters/bad--name/x").then().statusCode(400).body("code", equalTo("bad_adapter_name"));
        get("/api/v1/recipes/no/such").then().statusCode(404).body("code", equalTo("unknown_recipe"));
    }

    @Test
    void settingsAreSetAndResetAndChecked() {
        given().body("{\"settings\": {\"round.max-examples\": 64, \"rank\": \"8\"}, \"base\": \"tiny\"}")
                .put(url)
                .then()
                .statusCode(200)
                .body("settings.'round.max-examples'", equalTo("64"))
                .body("explicit_settings", aMapWithSize(2))
                .body("base_id", equalTo(TinyAdapter.BASE.id().hex()));
        given().body("{\"settings\": {\"round.max-examples\": null}}")
                .put(url)
                .then()
                .body("explicit_settings", aMapWithSize(1))
                .body("settings.'round.max-examples'", equalTo("32"));
        given().body("{\"settings\": {\"rank\": \"many\"}}")
                .put(url)
                .then()
                .statusCode(400)
                .body("code", equalTo("bad_setting"));
        given().body("{\"base\": \"unheard-of\"}")
                .put(url)
                .then()
                .statusCode(404)
                .body("code", equalTo("unknown_base"));
        given().body("nonsense").put(url).then().statusCode(400).body("code", equalTo("malformed_json"));
    }

    @Test
    void aliasesMoveByCompareAndSetOnly() {
        VersionId one = TinyAdapter.publish(adapter, 1);
        VersionId two = TinyAdapter.publish(adapter, 2);
        String champion = url + "/aliases/champion";

        given().body("{\"version\": \"v2\"}")
                .put(champion)
                .then()
                .statusCode(428)
                .body("code", equalTo("precondition_required"));
        given().header("If-Match", "\"" + two + "\"")
                .body("{\"version\": \"v2\"}")
                .put(champion)
                .then()
                .statusCode(412)
                .body("code", equalTo("alias_moved"))
                .body("retryable", equalTo(true));
        String tag = get(champion).then().statusCode(200).extract().header("ETag");
        assertThat(tag).isEqualTo("\"" + one + "\"");
        given().header("If-Match", tag)
                .body("{\"version\": \"v2\"}")
                .put(champion)
                .then()
                .statusCode(200)
                .header("ETag", equalTo("\"" + two + "\""));
        given().header("If-None-Match", "*")
                .body("{\"version\": \"v1\"}")
                .put(champion)
                .then()
                .statusCode(412);
        given().header("If-None-Match", "*")
                .body("{\"version\": \"v1\"}")
                .put(url + "/aliases/canary")
                .then()
                .statusCode(200);
        given().header("If-None-Match", "*")
                .body("{\"version\": \"v1\"}")
                .put(url + "/aliases/v7")
                .then()
                .statusCode(400)
                .body("code", equalTo("bad_alias"));
        given().header("If-Match", "\"" + one + "\"")
                .delete(url + "/aliases/canary")
                .then()
                .statusCode(204);
    }

    @Test
    void rollbackGoesBackAndHoldsUntilReleased() {
        VersionId one = TinyAdapter.publish(adapter, 1);
        TinyAdapter.publish(adapter, 2, ", \"promote\": true, \"expected_champion\": \"" + one + "\"");
        get(url).then().body("champion.label", equalTo("v2"));

        given().post(url + "/rollback")
                .then()
                .statusCode(200)
                .body("champion.version", equalTo(one.hex()))
                .body("hold", equalTo(true));
        given().post(url + "/rollback").then().statusCode(409).body("code", equalTo("no_earlier_champion"));
        given().post(url + "/release").then().statusCode(200).body("hold", equalTo(false));
        given().post(url + "/hold").then().statusCode(200).body("hold", equalTo(true));
        given().post(url + "/pause").then().statusCode(200).body("paused", equalTo(true));
        given().post(url + "/resume").then().statusCode(200).body("paused", equalTo(false));
        get(url + "/history")
                .then()
                .statusCode(200)
                .body("history[0].what", containsString("published v1"))
                .body("history.last().what", containsString("resumed"));
    }

    @Test
    void aVersionInUseIsNotRetired() {
        TinyAdapter.publish(adapter, 1);
        VersionId two = TinyAdapter.publish(adapter, 2);

        given().post(url + "/versions/v1/retire").then().statusCode(409).body("code", equalTo("version_in_use"));
        given().post(url + "/versions/v2/retire").then().statusCode(200).body("retired", equalTo(true));
        get(url).then().body("latest.label", equalTo("v1"));
        given().header("If-None-Match", "*")
                .body("{\"version\": \"" + two + "\"}")
                .put(url + "/aliases/canary")
                .then()
                .statusCode(410)
                .body("code", equalTo("version_retired"));
    }

    @Test
    void aVersionThatARecipeNamesIsNotRetired() {
        TinyAdapter.publish(adapter, 1);
        TinyAdapter.publish(adapter, 2);
        given().body("{\"parts\": [{\"adapter\": \"" + adapter + "\", \"revision\": \"v2\"}]}")
                .put("/api/v1/recipes/" + adapter)
                .then()
                .statusCode(200);

        given().post(url + "/versions/v2/retire")
                .then()
                .statusCode(409)
                .body("code", equalTo("version_in_use"))
                .body("detail", containsString("recipe"));
    }

    @Test
    void whatTheServerItselfRefusesIsAProblemDocumentToo() {
        get("/api/v1/nothing")
                .then()
                .statusCode(404)
                .contentType("application/problem+json")
                .body("code", equalTo("unknown_path"))
                .body("detail", containsString("/api/v1/nothing"));
        given().patch("/api/v1/adapters").then().statusCode(405).body("code", equalTo("method_not_allowed"));
        given().accept("text/html")
                .get("/api/v1/adapters")
                .then()
                .statusCode(406)
                .body("code", equalTo("not_acceptable"));
        given().queryParam("limit", "abc")
                .get("/api/v1/adapters")
                .then()
                .statusCode(400)
                .body("code", equalTo("bad_request"))
                .body("retryable", equalTo(false));
        given().queryParam("from", "abc").get("/api/v1/watch").then().statusCode(400);
    }

    @Test
    void recipesNameWhatExists() {
        TinyAdapter.publish(adapter, 1);
        String recipe = "/api/v1/recipes/" + adapter;

        given().body("{\"parts\": [{\"adapter\": \"" + adapter + "\", \"weight\": 0.7}, {\"adapter\": \"" + adapter
                        + "\", \"revision\": \"v1\"}]}")
                .put(recipe)
                .then()
                .statusCode(200)
                .body("parts.revision", contains("champion", "v1"))
                .body("parts.weight", contains(0.7f, 1.0f));
        get("/api/v1/recipes").then().body("recipes.name", hasItem(adapter));
        given().body("{\"parts\": [{\"adapter\": \"no/such\"}]}")
                .put(recipe)
                .then()
                .statusCode(404)
                .body("code", equalTo("unknown_adapter"));
        given().body("{\"parts\": []}").put(recipe).then().statusCode(400);
    }

    @Test
    void listsComePageByPage() {
        for (int i = 1; i <= 5; i++) {
            TinyAdapter.publish(adapter, i);
        }

        String next = given().queryParam("limit", 2)
                .get(url + "/versions")
                .then()
                .body("versions.ordinal", contains(1, 2))
                .extract()
                .path("next_page_token");
        String last = given().queryParam("limit", 2)
                .queryParam("page_token", next)
                .get(url + "/versions")
                .then()
                .body("versions.ordinal", contains(3, 4))
                .extract()
                .path("next_page_token");
        given().queryParam("limit", 2)
                .queryParam("page_token", last)
                .get(url + "/versions")
                .then()
                .body("versions.ordinal", contains(5))
                .body("next_page_token", nullValue());
        given().queryParam("limit", 5000).get(url + "/versions").then().statusCode(400);
        given().queryParam("page_token", "???").get(url + "/versions").then().statusCode(400);
    }

    @Test
    void answersAsOfThenAndFromThere() {
        TinyAdapter.publish(adapter, 1);
        String first = get(url).header("X-Registry-Offset");
        TinyAdapter.publish(adapter, 2);
        long now = Long.parseLong(get(url).header("X-Registry-Offset"));

        given().queryParam("at", first)
                .get(url)
                .then()
                .statusCode(200)
                .header("X-Registry-Offset", equalTo(first))
                .body("versions", equalTo(1));
        given().queryParam("at", "2001-01-01T00:00:00Z").get(url).then().statusCode(404);
        given().queryParam("at", "yesterday").get(url).then().statusCode(400);
        given().header("X-Registry-Min-Offset", now)
                .get(url)
                .then()
                .statusCode(200)
                .body("versions", equalTo(2));
        given().header("X-Registry-Min-Offset", now + 1000)
                .get(url)
                .then()
                .statusCode(504)
                .body("code", equalTo("timed_out"));
    }

    @Test
    void aRequestWithAKeyIsCarriedOutOnce() {
        VersionId one = TinyAdapter.publish(adapter, 1);
        TinyAdapter.publish(adapter, 2, ", \"promote\": true, \"expected_champion\": \"" + one + "\"");

        for (int i = 0; i < 2; i++) {
            given().header("Idempotency-Key", adapter + "-rollback")
                    .header("If-Match", "\"v2\"")
                    .post(url + "/rollback")
                    .then()
                    .statusCode(200)
                    .body("champion.label", equalTo("v1"));
        }
    }

    @Test
    void lineageNamesRoundsAndParents() {
        VersionId one = TinyAdapter.publish(adapter, 1);
        PeftDirectory.Version child = TinyAdapter.version(adapter, 2, Optional.of(one));
        TinyAdapter.upload(child);
        given().contentType("application/json")
                .body(TinyAdapter.body(child, ""))
                .post(url + "/versions")
                .then()
                .statusCode(201);

        get(url + "/versions/latest/lineage")
                .then()
                .statusCode(200)
                .body("lineage.label", contains("v2", "v1"))
                .body("lineage[0].parent", equalTo(one.hex()))
                .body("lineage[0].manifest.rounds[0].ordinal", equalTo(2))
                .body("lineage[1].parent", nullValue());
    }

    @Test
    void blobsAreCheckedWhileTheyStream() {
        byte[] content = "some content".getBytes(StandardCharsets.UTF_8);
        Digest digest = Digest.of(content);

        given().contentType("application/octet-stream")
                .body("other".getBytes(StandardCharsets.UTF_8))
                .put("/api/v1/blobs/" + digest)
                .then()
                .statusCode(422)
                .body("code", equalTo("digest_mismatch"));
        get("/api/v1/blobs/" + digest).then().statusCode(404).body("code", equalTo("unknown_blob"));
        TinyAdapter.upload(content);
        TinyAdapter.upload(content);
        assertThat(get("/api/v1/blobs/" + digest).asByteArray()).isEqualTo(content);
        given().head("/api/v1/blobs/" + digest).then().statusCode(200).header("Content-Length", equalTo("12"));
        given().header("Range", "bytes=5-")
                .get("/api/v1/blobs/" + digest)
                .then()
                .statusCode(206)
                .header("Content-Range", equalTo("bytes 5-11/12"))
                .body(equalTo("content"));
        given().header("Range", "bytes=40-")
                .get("/api/v1/blobs/" + digest)
                .then()
                .statusCode(416);
        get("/api/v1/blobs/xyz").then().statusCode(400);
    }

    @Test
    void infoTellsClientsWhereThingsAre() {
        get("/api/v1/info")
                .then()
                .statusCode(200)
                .header("X-Registry-Offset", notNullValue())
                .body("kafka.bootstrap_servers", containsString("127.0.0.1:"))
                .body("kafka.topic_prefix", equalTo("millrace."))
                .body("store.endpoint", containsString("http"))
                .body("base.name", not(emptyString()))
                .body("registry.ready", equalTo(true))
                .body("parts.registry.up", equalTo(true))
                .body("versions.millrace", notNullValue());
    }

    @Test
    void healthMetricsAndOpenApiAreServed() {
        get("/q/health/live").then().statusCode(200);
        get("/q/metrics").then().statusCode(200).body(containsString("millrace_registry_offset"));
        get("/q/openapi").then().statusCode(200).body(containsString("/api/v1/adapters"));
    }
}
