package io.millrace.registry;

import static io.millrace.registry.Commands.delete;
import static io.millrace.registry.Commands.hold;
import static io.millrace.registry.Commands.id;
import static io.millrace.registry.Commands.move;
import static io.millrace.registry.Commands.part;
import static io.millrace.registry.Commands.promote;
import static io.millrace.registry.Commands.publish;
import static io.millrace.registry.Commands.recipe;
import static io.millrace.registry.Commands.retire;
import static io.millrace.registry.Commands.rollback;
import static io.millrace.registry.Commands.version;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistryRecord;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegistryStateTest {
    private static final String A = "acme/support";

    private final Fold fold = new Fold();

    @Test
    void theFirstVersionCreatesTheAdapterAndBecomesChampion() {
        CommandOutcome outcome = fold.apply(publish("1", version(A, "one")));

        assertThat(outcome.error()).isEmpty();
        assertThat(fold.adapter(A).champion()).contains(id("one"));
        assertThat(fold.adapter(A).baseId()).contains(Commands.BASE);
        assertThat(fold.resolve(A, "v1")).isEqualTo(fold.resolve(A, "main"));
        assertThat(fold.resolve(A, "latest").id()).isEqualTo(id("one"));
        assertThat(fold.resolve(A, id("one").hex()).ordinalName()).isEqualTo("v1");
    }

    @Test
    void aKnownVersionChangesNothing() {
        fold.apply(publish("1", version(A, "one")));
        CommandOutcome again = fold.apply(promote("2", version(A, "one"), ""));

        assertThat(again.error()).isEmpty();
        assertThat(fold.adapter(A).versions()).hasSize(1);
    }

    @Test
    void anIdNeverNamesTwoContents() {
        // Given an id that isn't its manifest's, and a manifest that isn't among the files, then neither is taken
        assertThat(fold.error(
                        publish("1", version(A, "one").setVersionId(id("two").hex()))))
                .contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("2", version(A, "one").setFiles(0, Commands.file("millrace.json", "two")))))
                .contains(ErrorCode.BAD_REQUEST);

        // And a known id with other files changes nothing
        fold.apply(publish("3", version(A, "one")));
        VersionEntry before = fold.resolve(A, "v1");
        fold.apply(publish("4", version(A, "one").setFiles(1, Commands.file("adapter_model.safetensors", "other"))));
        assertThat(fold.resolve(A, id("one").hex())).isEqualTo(before);
        assertThat(fold.adapter(A).versions()).hasSize(1);
    }

    @Test
    void aResentCommandHasTheOutcomeItHadFirst() {
        CommandOutcome first = fold.apply(publish("1", version(A, "one")));
        fold.apply(publish("2", version(A, "two")));
        CommandOutcome refused =
                fold.apply(move("3", A, "champion", id("two").hex(), id("two").hex()));

        assertThat(fold.apply(publish("1", version(A, "one")))).isEqualTo(first);
        assertThat(fold.apply(
                        move("3", A, "champion", id("two").hex(), id("one").hex())))
                .isEqualTo(refused);
        assertThat(fold.adapter(A).champion()).contains(id("one"));
    }

    @Test
    void promotionIsCompareAndSet() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(promote("2", version(A, "two"), id("one").hex()));
        fold.apply(promote("3", version(A, "three"), id("one").hex()));

        assertThat(fold.adapter(A).champion()).contains(id("two"));
        assertThat(fold.resolve(A, "v3").promotionReason()).startsWith("champion_moved");
    }

    @Test
    void holdStopsPromotionUntilReleased() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(hold("2", A, true));
        fold.apply(promote("3", version(A, "two"), id("one").hex()));
        fold.apply(hold("4", A, false));
        fold.apply(promote("5", version(A, "three"), id("one").hex()));

        assertThat(fold.resolve(A, "v2").promotionReason()).startsWith("held");
        assertThat(fold.adapter(A).champion()).contains(id("three"));
    }

    @Test
    void rollbackGoesBackOneByOneAndHolds() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(promote("2", version(A, "two"), id("one").hex()));
        fold.apply(promote("3", version(A, "three"), id("two").hex()));

        fold.apply(rollback("4", A, id("three").hex()));
        assertThat(fold.adapter(A).champion()).contains(id("two"));
        assertThat(fold.adapter(A).hold()).isTrue();
        fold.apply(rollback("5", A, id("two").hex()));
        assertThat(fold.adapter(A).champion()).contains(id("one"));
        assertThat(fold.error(rollback("6", A, id("one").hex()))).contains(ErrorCode.NO_EARLIER_CHAMPION);
        assertThat(fold.error(rollback("7", A, id("two").hex()))).contains(ErrorCode.ALIAS_MOVED);
    }

    @Test
    void rollbackPassesOverRetiredVersions() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(promote("2", version(A, "two"), id("one").hex()));
        fold.apply(promote("3", version(A, "three"), id("two").hex()));
        fold.apply(retire("4", A, id("two").hex()));

        fold.apply(rollback("5", A, id("three").hex()));

        assertThat(fold.adapter(A).champion()).contains(id("one"));
    }

    @Test
    void shapeAndBaseAreFixedByTheFirstVersion() {
        fold.apply(publish("1", version(A, "one")));

        assertThat(fold.error(publish("2", version(A, "two").setRank(4)))).contains(ErrorCode.IMMUTABLE_SETTING);
        assertThat(fold.error(publish("3", version(A, "two").addTargetModules("o_proj"))))
                .contains(ErrorCode.IMMUTABLE_SETTING);
        assertThat(fold.error(publish(
                        "4", version(A, "two").setBaseId(Digest.of("other").hex()))))
                .contains(ErrorCode.WRONG_BASE);
        assertThat(fold.error(Commands.base("5", A, Digest.of("other").hex()))).contains(ErrorCode.IMMUTABLE_SETTING);
        assertThat(fold.error(Commands.settings("6", A, Map.of("rank", "4")))).contains(ErrorCode.IMMUTABLE_SETTING);
    }

    @Test
    void settingsAreCheckedAndAppliedToTheDefaults() {
        assertThat(fold.error(Commands.settings("1", A, Map.of("rank", "4", "round.max-examples", "64"))))
                .isEmpty();
        assertThat(fold.adapter(A).settings().lora().rank()).isEqualTo(4);
        assertThat(fold.adapter(A).settings().roundMaxExamples()).isEqualTo(64);
        assertThat(fold.error(Commands.settings("2", A, Map.of("no-such", "4"))))
                .contains(ErrorCode.BAD_SETTING);
        assertThat(fold.error(Commands.settings("3", A, Map.of("rank", "many"))))
                .contains(ErrorCode.BAD_SETTING);
        assertThat(fold.error(Commands.settings("4", A, Map.of("round.max-examples", ""))))
                .isEmpty();
        assertThat(fold.adapter(A).explicitSettings()).containsOnlyKeys("rank");
    }

    @Test
    void theFirstVersionFixesTheShapeInTheSettings() {
        fold.apply(publish("1", version(A, "one")));

        assertThat(fold.adapter(A).settings().lora().rank()).isEqualTo(8);
        assertThat(fold.adapter(A).settings().lora().targetModules()).containsExactly("q_proj", "v_proj");
        assertThat(fold.error(Commands.settings("2", A, Map.of("rank", "8", "micro-batch", "4"))))
                .isEmpty();
        assertThat(fold.error(Commands.settings("3", A, Map.of("targets", "all"))))
                .contains(ErrorCode.IMMUTABLE_SETTING);
        assertThat(fold.adapter(A).settings().lora().rank()).isEqualTo(8);
        assertThat(fold.adapter(A).settings().microBatch()).isEqualTo(4);
    }

    @Test
    void aRebuiltVersionMayHaveAnotherShapeAndItsChildrenFollowIt() {
        fold.apply(publish("1", version(A, "one")));
        CommandOutcome rebuilt = fold.apply(publish(
                "2",
                version(A, "two").setRank(4).setRebuiltFromVersionId(id("one").hex())));
        CommandOutcome child = fold.apply(publish(
                "3", version(A, "three").setRank(4).setParentVersionId(id("two").hex())));

        assertThat(rebuilt.error()).isEmpty();
        assertThat(child.error()).isEmpty();
    }

    @Test
    void aBaseSetBeforehandIsKept() {
        fold.apply(Commands.base("1", A, Digest.of("other").hex()));

        assertThat(fold.error(publish("2", version(A, "one")))).contains(ErrorCode.WRONG_BASE);
    }

    @Test
    void aliasesMoveByCompareAndSetOnly() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(publish("2", version(A, "two")));

        assertThat(fold.error(move("3", A, "canary", id("two").hex(), ""))).isEmpty();
        assertThat(fold.error(move("4", A, "canary", id("one").hex(), ""))).contains(ErrorCode.ALIAS_MOVED);
        assertThat(fold.error(move("5", A, "canary", id("one").hex(), id("two").hex())))
                .isEmpty();
        assertThat(fold.error(delete("6", A, "canary", id("two").hex()))).contains(ErrorCode.ALIAS_MOVED);
        assertThat(fold.error(delete("7", A, "canary", id("one").hex()))).isEmpty();
        assertThat(fold.adapter(A).aliases()).containsOnlyKeys("champion");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "latest",
                "main",
                "v1",
                "v007",
                "0123456789abcdef0123456789abcdef01234567",
                "",
                "-a",
                "a/b",
                "a b"
            })
    void reservedAndMalformedAliasesAreRefused(String alias) {
        fold.apply(publish("1", version(A, "one")));

        assertThat(fold.error(move("2", A, alias, id("one").hex(), ""))).contains(ErrorCode.BAD_ALIAS);
    }

    @Test
    void aVersionInUseIsNotRetired() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(publish("2", version(A, "two")));
        fold.apply(recipe("3", "acme/mix", part(A, "v2", 0.5)));

        assertThat(fold.error(retire("4", A, id("one").hex()))).contains(ErrorCode.VERSION_IN_USE);
        assertThat(fold.error(retire("5", A, id("two").hex()))).contains(ErrorCode.VERSION_IN_USE);
        fold.apply(recipe("6", "acme/mix", part(A, "", 0.5)));
        assertThat(fold.error(retire("7", A, id("two").hex()))).isEmpty();
        assertThat(fold.resolve(A, "v2").retired()).isTrue();
        assertThat(fold.resolve(A, "latest").ordinalName()).isEqualTo("v1");
        assertThat(fold.error(move("8", A, "canary", id("two").hex(), ""))).contains(ErrorCode.VERSION_RETIRED);
        assertThat(fold.error(delete("9", A, "champion", id("one").hex()))).contains(ErrorCode.VERSION_IN_USE);
    }

    @Test
    void recipesNameWhatExists() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(publish(
                "2", version("acme/other", "x").setBaseId(Digest.of("other").hex())));

        assertThat(fold.error(recipe("3", "acme/mix", part("acme/none", "", 1))))
                .contains(ErrorCode.UNKNOWN_ADAPTER);
        assertThat(fold.error(recipe("4", "acme/mix", part(A, "v9", 1)))).contains(ErrorCode.UNKNOWN_REVISION);
        assertThat(fold.error(recipe("5", "acme/mix", part(A, "", Double.NaN)))).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(recipe("6", "acme/mix"))).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(recipe("7", "acme/mix", part(A, "", 1), part("acme/other", "", 1))))
                .contains(ErrorCode.WRONG_BASE);
        assertThat(fold.error(recipe("8", "acme/mix", part(A, "main", 1)))).isEmpty();
        assertThat(fold.state()
                        .recipe(AdapterName.parse("acme/mix"))
                        .orElseThrow()
                        .parts())
                .containsExactly(new RecipeEntry.Part(AdapterName.parse(A), "champion", 1));
    }

    @Test
    void thePastCanBeAskedByOffsetAndTime() {
        fold.apply(publish("1", version(A, "one")));
        fold.apply(promote("2", version(A, "two"), id("one").hex()));
        fold.apply(move("3", A, "canary", id("one").hex(), ""));
        fold.apply(delete("4", A, "canary", id("one").hex()));
        fold.apply(retire("5", A, id("one").hex()));
        AdapterName name = AdapterName.parse(A);

        RegistryView then = fold.state().at(0);
        assertThat(then.offset()).isZero();
        assertThat(then.resolve(name, "main").id()).isEqualTo(id("one"));
        assertThat(then.adapter(name).orElseThrow().versions()).hasSize(1);
        assertThatThrownBy(() -> then.resolve(name, "v2")).hasMessageContaining("no revision");
        RegistryView between = fold.state().at(Fold.timeOf(2).plusMillis(500));
        assertThat(between.offset()).isEqualTo(2);
        assertThat(between.resolve(name, "canary").id()).isEqualTo(id("one"));
        assertThat(between.resolve(name, "canary").retired()).isFalse();
        assertThat(fold.state().at(4).resolve(name, "v1").retired()).isTrue();
        assertThat(fold.state().at(-1).adapters()).isEmpty();
        assertThat(fold.state().at(Fold.START.minusSeconds(1)).adapters()).isEmpty();
        assertThatThrownBy(() -> fold.state().at(5)).isInstanceOf(MillraceException.class);
    }

    @Test
    void aRecordOfANewerFoldStopsItThere() {
        fold.apply(publish("1", version(A, "one")));
        RegistryRecord newer = publish("2", version(A, "two")).toBuilder()
                .setFoldVersion(RegistryState.FOLD_VERSION + 1)
                .build();

        assertThat(fold.state().step(1, Fold.timeOf(1), newer).outcome().error())
                .contains(ErrorCode.NOT_READY);
        RegistryState stopped = fold.state().apply(1, Fold.timeOf(1), newer);
        RegistryState after = stopped.apply(2, Fold.timeOf(2), publish("3", version(A, "three")));

        assertThat(after.stoppedAt()).hasValue(1);
        assertThat(after.offset()).isZero();
        assertThat(after.adapter(AdapterName.parse(A)).orElseThrow().versions()).hasSize(1);
    }

    @Test
    void malformedRecordsHaveAnOutcomeAndStopNothing() {
        assertThat(fold.applyBytes(new byte[] {(byte) 0xff, 3, 1}).error()).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(Commands.record("1").build())).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("", version(A, "one")))).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("2", version("nonsense", "one")))).contains(ErrorCode.BAD_ADAPTER_NAME);
        assertThat(fold.error(publish("3", version(A, "one").setVersionId("xyz"))))
                .contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("4", version(A, "one").clearFiles()))).contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("5", version(A, "one").setAlpha(Double.NaN))))
                .contains(ErrorCode.BAD_REQUEST);
        assertThat(fold.error(publish("6", version(A, "one")))).isEmpty();
        assertThat(fold.state().offset()).isEqualTo(7);
    }
}
