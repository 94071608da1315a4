package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ExampleParser;
import io.millrace.core.VersionId;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.base.ImportProgress;
import io.millrace.proto.internal.JournalRecord;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.JobStatus;
import io.millrace.trainer.proof.RoundView;
import io.millrace.trainer.proof.Sightings.How;
import io.millrace.trainer.proof.VersionRounds;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Versions are verified and rebuilt beside live training, on a real Kafka, a real S3 and the base nano. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ProofTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/proved");

    @TempDir
    static Path directory;

    private static final Path OTHER_BASE = Path.of("../lora-engine/src/test/resources/golden/models/tiny-llama");

    private static LiveAdapter live;
    private static int produced;

    @BeforeAll
    static void start() {
        live = new LiveAdapter(directory, ADAPTER);
    }

    @AfterAll
    static void stop() {
        live.close();
    }

    private static void produce(int count) {
        for (int i = produced; i < produced + count; i++) {
            live.produce(example(i));
        }
        produced += count;
        live.platform().flush();
    }

    private static String example(int i) {
        return "{\"adapter\":\"" + ADAPTER + "\",\"id\":\"e" + i + "\",\"prompt\":\"say " + i + "\",\"completion\":\""
                + i % 7 + " of course\"}";
    }

    @Test
    @Order(1)
    void aVersionIsVerifiedFromGenesisAndByItself() {
        produce(70);
        live.cut();
        produce(40);
        VersionEntry second = live.cut();

        JsonNode fromGenesis = live.result(live.trainer().verify(ADAPTER, "latest", true));
        JsonNode byItself = live.result(live.trainer().verify(ADAPTER, second.ordinalName(), false));

        assertThat(fromGenesis.path("exact").asBoolean()).as("%s", fromGenesis).isTrue();
        assertThat(fromGenesis.path("computed_version").asText())
                .isEqualTo(second.id().hex());
        assertThat(byItself.path("exact").asBoolean()).as("%s", byItself).isTrue();
        assertThat(byItself.path("stretches").path(0).path("computed").asInt())
                .isLessThan(
                        fromGenesis.path("stretches").path(0).path("computed").asInt());
    }

    @Test
    @Order(2)
    void aRebuiltVersionNamesWhatItComesFromAndCanBeVerified() {
        VersionEntry from = live.platform().registry.view().latest(ADAPTER).orElseThrow();
        Optional<VersionId> champion =
                live.platform().registry.view().adapter(ADAPTER).orElseThrow().champion();

        JsonNode rebuilt = live.result(
                live.trainer().rebuild(ADAPTER, Optional.empty(), Set.of("e3", "never sent"), Map.of(), false));

        VersionEntry version = live.platform()
                .registry
                .view()
                .version(ADAPTER, new VersionId(rebuilt.path("version").asText()))
                .orElseThrow();
        assertThat(version.rebuiltFrom()).contains(from.id());
        assertThat(version.parent()).isEmpty();
        assertThat(version.examples()).isEqualTo(from.examples() - 1);
        assertThat(rebuilt.path("not_found")).extracting(JsonNode::asText).containsExactly("never sent");
        assertThat(rebuilt.path("trained_on"))
                .extracting(JsonNode::asText)
                .contains(from.id().hex())
                .doesNotContain(version.id().hex());
        assertThat(live.platform()
                        .registry
                        .view()
                        .adapter(ADAPTER)
                        .orElseThrow()
                        .champion())
                .isEqualTo(champion);
        live.assertExact(live.trainer().verify(ADAPTER, version.id().hex(), false));
    }

    @Test
    @Order(3)
    void aRebuiltHeadTakesThePlaceOfTheLiveOneWhileExamplesStreamIn() {
        produce(100);
        JobStatus job = live.trainer().rebuild(ADAPTER, Optional.of("v2"), Set.of("e5"), Map.of("rank", "4"), true);
        produce(60);
        JsonNode rebuilt = live.result(job);
        VersionId replacement = new VersionId(rebuilt.path("version").asText());
        live.awaitVersion(replacement.hex());
        produce(40);
        VersionEntry after = live.cut();

        // Each example still has one outcome (Platform.outcomes fails on two), and the line goes on from the rebuilt
        // one
        List<JournalRecord> replaced = live.platform().journal().stream()
                .filter(JournalRecord::hasHeadReplaced)
                .toList();
        assertThat(replaced).hasSize(1);
        assertThat(replaced.get(0).getHeadReplaced().getHead().getExcludedIdsList())
                .containsExactly("e5");
        assertThat(after.rank()).isEqualTo(4);
        assertThat(after.parent()).contains(replacement);
        JsonNode verified = live.result(live.trainer().verify(ADAPTER, "latest", true));
        assertThat(verified.path("exact").asBoolean()).as("%s", verified).isTrue();
        assertThat(verified.path("stretches")).hasSize(2);
    }

    @Test
    @Order(4)
    void aWorkerThatStartsAnewGoesOnFromTheReplacedHead() {
        live.restart();
        produce(40);
        VersionEntry version = live.cut();

        live.assertExact(live.trainer().verify(ADAPTER, version.id().hex(), false));
    }

    @Test
    @Order(5)
    void anUnknownSettingIsRefusedAtOnce() {
        assertThatThrownBy(() -> live.trainer()
                        .rebuild(ADAPTER, Optional.empty(), Set.of(), Map.of("round.max-wait", "1s"), false))
                .hasMessageContaining("changes no recorded round");
    }

    @Test
    @Order(6)
    void theRoundsOfAVersionAreListedWithWhatTheyWereTrainedOn() {
        VersionEntry second = live.platform().registry.view().resolve(ADAPTER, "v2");

        List<RoundView> rounds = rounds("v2", 2);

        // Each example once, each with the digest of its content
        assertThat(rounds).hasSizeGreaterThan(3).noneMatch(RoundView::rebuilt).allMatch(RoundView::trained);
        assertThat(examples(rounds))
                .extracting(RoundView.Example::id)
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, 110).mapToObj(i -> "e" + i).toList());
        assertThat(examples(rounds).stream()
                        .filter(e -> e.id().equals("e3"))
                        .findFirst()
                        .flatMap(RoundView.Example::contentSha256))
                .contains(new ExampleParser(1 << 20)
                        .parse(example(3).getBytes(StandardCharsets.UTF_8))
                        .contentDigest()
                        .hex());
        assertThat(trained(rounds)).hasSize((int) second.examples()).allMatch(e -> e.loss()
                .isPresent());
        // And what was replayed was trained before
        assertThat(rounds.get(0).replayed()).isEmpty();
        assertThat(rounds.stream().flatMap(r -> r.replayed().stream()))
                .isNotEmpty()
                .allMatch(e -> e.contentSha256().isPresent());
        assertThat(rounds).allSatisfy(round -> {
            assertThat(round.fingerprint()).contains("cpu");
            assertThat(round.settings()).containsEntry("rank", "16").containsKeys("lr", "replay", "max-length");
        });
    }

    @Test
    @Order(7)
    void theRoundsOfALineThatARebuiltHeadTookOverSayWhatWasLeftOut() {
        VersionEntry latest = live.platform().registry.view().resolve(ADAPTER, "latest");

        List<RoundView> rounds = rounds("latest", 100);

        assertThat(trained(rounds)).hasSize((int) latest.examples());
        assertThat(rounds.get(0).rebuilt()).isTrue();
        assertThat(rounds.get(0).settings()).containsEntry("rank", "4");
        assertThat(examples(rounds).stream()
                        .filter(e -> e.leftOut().isPresent())
                        .map(RoundView.Example::id))
                .containsExactly("e5");
        assertThat(rounds.get(rounds.size() - 1).rebuilt()).isFalse();
        assertThat(rounds.get(rounds.size() - 1).state()).isPresent();
    }

    @Test
    @Order(8)
    void aPageThatIsNoneIsRefused() {
        assertThatThrownBy(() -> live.trainer().rounds(ADAPTER, "v2", 0, "x")).hasMessageContaining("page_token");
        assertThatThrownBy(() -> live.trainer().rounds(ADAPTER, "v2", 100_000, ""))
                .hasMessageContaining("limit");
    }

    @Test
    @Order(9)
    void aRebuildGoesOnByItselfAfterARestart() {
        JobStatus asked = live.trainer().rebuild(ADAPTER, Optional.empty(), Set.of("e9"), Map.of(), false);
        live.trainer().jobs().close();
        assertThat(live.trainer().jobs().get(asked.id()).orElseThrow().state()).isEqualTo(JobStatus.State.CANCELLED);

        live.restart();

        JsonNode rebuilt = live.result(asked);
        live.assertExact(live.trainer().verify(ADAPTER, rebuilt.path("version").asText(), false));
        // And what has ended is not done once more
        live.restart();
        live.assertExact(live.trainer().verify(ADAPTER, "v1", false));
        assertThat(live.trainer().jobs().get(asked.id())).isEmpty();
    }

    @Test
    @Order(10)
    void whereNoVersionIsNamedTheLatestThatWasTrainedIsRebuilt() {
        // Given that the latest version is itself a rebuilt one
        assertThat(live.platform().registry.view().latest(ADAPTER).flatMap(VersionEntry::rebuiltFrom))
                .isPresent();

        JsonNode rebuilt =
                live.result(live.trainer().rebuild(ADAPTER, Optional.empty(), Set.of("e8"), Map.of(), false));

        VersionEntry from = live.platform()
                .registry
                .view()
                .resolve(ADAPTER, rebuilt.path("rebuilt_from").asText());
        assertThat(from.rebuiltFrom()).isEmpty();
        // And by its name it is refused
        JobStatus refused =
                live.ended(live.trainer().rebuild(ADAPTER, Optional.of("latest"), Set.of("e7"), Map.of(), false));
        assertThat(refused.error().orElseThrow().message()).contains("name a version that was trained here");
    }

    @Test
    @Order(11)
    void aVersionIsMeasuredOnExamplesThatAreNotKept() {
        List<String> records = IntStream.range(200, 220)
                .mapToObj(i -> example(i).replace("of course", "not kept anywhere"))
                .toList();

        JsonNode first = live.result(live.trainer().eval(ADAPTER, "v1", records));
        JsonNode second = live.result(live.trainer().eval(ADAPTER, "v2", records));

        assertThat(first.path("label").asText()).isEqualTo("v1");
        assertThat(first.path("losses")).hasSize(20).allMatch(loss -> loss.asDouble() > 0);
        assertThat(StreamSupport.stream(first.path("losses").spliterator(), false)
                        .mapToDouble(JsonNode::asDouble)
                        .average()
                        .orElseThrow())
                .isEqualTo(first.path("loss").asDouble(), within(1e-9));
        assertThat(second.path("losses")).isNotEqualTo(first.path("losses"));
        assertThat(new Places(live.platform(), "not kept anywhere").all()).isEmpty();
        // And a part of them by itself, to the same
        assertThat(live.result(live.trainer().eval(ADAPTER, "v1", records.subList(0, 3)))
                        .path("losses")
                        .path(2)
                        .asDouble())
                .isEqualTo(first.path("losses").path(2).asDouble(), within(1e-4));
        // And what can't be measured with is named
        JobStatus refused = live.ended(live.trainer().eval(ADAPTER, "v1", List.of(example(1), "{\"prompt\":")));
        assertThat(refused.error().orElseThrow().message()).contains("record 2", "malformed_json");
    }

    @Test
    @Order(12)
    void aVersionIsRebuiltOnAnotherBaseAndKeptApart() {
        // Given a second base beside the one that is trained on
        String other = new BaseStore(directory.resolve("bases"))
                .importFrom("other", OTHER_BASE, Quantisation.NF4, ImportProgress.silent())
                .id()
                .hex();

        // When the rounds of a version are trained on it
        JsonNode rebuilt = live.result(
                live.trainer().rebuild(ADAPTER, Optional.of("v2"), Set.of(), Map.of("base", "other"), false));

        // Then the version is for that base, comes out again, and nothing else has changed
        VersionEntry version = live.platform()
                .registry
                .view()
                .version(ADAPTER, new VersionId(rebuilt.path("version").asText()))
                .orElseThrow();
        assertThat(rebuilt.path("base").asText()).isEqualTo(other);
        assertThat(version.baseId())
                .isEqualTo(other)
                .isNotEqualTo(
                        live.platform().registry.view().resolve(ADAPTER, "v2").baseId());
        assertThat(version.promotionReason()).contains("by hand");
        live.assertExact(live.trainer().verify(ADAPTER, version.id().hex(), false));

        JsonNode measured =
                live.result(live.trainer().eval(ADAPTER, version.id().hex(), List.of(example(1), example(2))));
        assertThat(measured.path("losses")).hasSize(2).allMatch(loss -> loss.asDouble() > 0);

        // And it can't take the place of what is trained here
        assertThatThrownBy(() ->
                        live.trainer().rebuild(ADAPTER, Optional.of("v2"), Set.of(), Map.of("base", "other"), true))
                .hasMessageContaining("without --replace");
        assertThatThrownBy(() ->
                        live.trainer().rebuild(ADAPTER, Optional.of("v2"), Set.of(), Map.of("base", "none"), false))
                .hasMessageContaining("has no base 'none'");

        // And where somebody promotes it all the same, training goes on
        live.platform()
                .submit(
                        "promote",
                        command -> command.setMoveAlias(MoveAlias.newBuilder()
                                .setAdapter(ADAPTER.toString())
                                .setAlias("champion")
                                .setExpectedVersionId(live.platform()
                                        .registry
                                        .view()
                                        .adapter(ADAPTER)
                                        .orElseThrow()
                                        .champion()
                                        .orElseThrow()
                                        .hex())
                                .setTargetVersionId(version.id().hex())));
        produce(20);
        VersionEntry next = live.cut();
        assertThat(next.promotionReason()).contains("another base");
        assertThat(next.baseId()).isNotEqualTo(other);
    }

    /** Over all pages of so many. */
    private static List<RoundView> rounds(String revision, int limit) {
        List<RoundView> rounds = new ArrayList<>();
        Optional<String> next = Optional.of("");
        while (next.isPresent()) {
            VersionRounds page = live.trainer().rounds(ADAPTER, revision, limit, next.get());
            assertThat(page.rounds()).hasSizeLessThanOrEqualTo(limit);
            rounds.addAll(page.rounds());
            next = page.nextPageToken();
            assertThat(rounds).hasSizeLessThanOrEqualTo(page.total());
        }
        return rounds;
    }

    private static List<RoundView.Example> examples(List<RoundView> rounds) {
        return rounds.stream().flatMap(r -> r.examples().stream()).toList();
    }

    private static List<RoundView.Example> trained(List<RoundView> rounds) {
        return examples(rounds).stream()
                .filter(e ->
                        e.how().equals(Optional.of(How.TRAINED)) && e.leftOut().isEmpty())
                .toList();
    }
}
