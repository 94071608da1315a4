package io.millrace.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AdapterSettingsTest {

    @Test
    void hasTheDocumentedDefaults() {
        assertThat(AdapterSettings.defaults().asMap())
                .containsExactlyInAnyOrderEntriesOf(Map.ofEntries(
                        Map.entry("rank", "16"),
                        Map.entry("alpha", "32"),
                        Map.entry("dropout", "0.05"),
                        Map.entry("targets", "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"),
                        Map.entry("lr", "auto"),
                        Map.entry("warmup-steps", "20"),
                        Map.entry("clip", "0.3"),
                        Map.entry("round.max-examples", "32"),
                        Map.entry("round.max-tokens", "16384"),
                        Map.entry("round.max-wait", "5s"),
                        Map.entry("micro-batch", "8"),
                        Map.entry("max-length", "512"),
                        Map.entry("version.every-rounds", "10"),
                        Map.entry("version.max-age", "5m"),
                        Map.entry("version.max-idle", "10s"),
                        Map.entry("auto-promote", "true"),
                        Map.entry("warmup.idle", "1h"),
                        Map.entry("average", "0.9"),
                        Map.entry("replay", "0.1"),
                        Map.entry("replay.after-shift", "0.5"),
                        Map.entry("replay.shift-rounds", "15"),
                        Map.entry("replay.reservoir", "500"),
                        Map.entry("drift.threshold", "20"),
                        Map.entry("gate.confidence", "0.95"),
                        Map.entry("gate.tolerance", "0.01"),
                        Map.entry("gate.reference-tolerance", "0.05"),
                        Map.entry("rollback.reward-drop", "0.05"),
                        Map.entry("rollback.reference", "true")));
        assertThat(AdapterSettings.of(Map.of())).isEqualTo(AdapterSettings.defaults());
        assertThat(AdapterSettings.defaults().warnings()).isEmpty();
    }

    @Test
    void readsEverySettingItShows() {
        AdapterSettings changed = AdapterSettings.of(Map.of(
                "rank", "8",
                "alpha", "12.5",
                "targets", "v_proj, q_proj",
                "lr", "2e-4",
                "round.max-wait", "250ms",
                "version.max-age", "PT2H",
                "auto-promote", "false",
                "average", "0.99",
                "gate.tolerance", "off",
                "drift.threshold", "off"));
        assertThat(changed.lora()).isEqualTo(LoraConfig.of(8, 12.5, 0.05, Set.of("q_proj", "v_proj")));
        assertThat(changed.learningRate()).contains(2e-4);
        assertThat(changed.roundMaxWait()).isEqualTo(Duration.ofMillis(250));
        assertThat(changed.versionMaxAge()).isEqualTo(Duration.ofHours(2));
        assertThat(changed.autoPromote()).isFalse();
        assertThat(changed.averageDecay()).isEqualTo(0.99);
        assertThat(changed.gate().tolerance()).isEmpty();
        assertThat(changed.driftThreshold()).isZero();
        assertThat(AdapterSettings.of(changed.asMap())).isEqualTo(changed);
        assertThat(changed.with("lr", "auto").with("targets", "all").learningRate())
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(AdapterSetting.class)
    void everySettingExplainsItselfAndTakesItsDefault(AdapterSetting setting) {
        assertThat(setting.description()).isNotBlank();
        assertThat(AdapterSettings.defaults().with(setting.key(), setting.defaultValue()))
                .isEqualTo(AdapterSettings.defaults());
        assertThatThrownBy(() -> AdapterSettings.defaults().with(setting.key(), "?"))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_SETTING))
                .hasMessageContaining(setting.key())
                .hasMessageContaining(setting.allowed())
                .hasMessageContaining("'?'");
    }

    @ParameterizedTest
    @CsvSource({
        "rank, 0",
        "rank, 1025",
        "rank, 1.5",
        "alpha, 0",
        "alpha, NaN",
        "alpha, Infinity",
        "dropout, 1",
        "dropout, -0.1",
        "targets, ''",
        "targets, q_proj;k_proj",
        "targets, lm_head",
        "lr, 0",
        "lr, 2",
        "warmup-steps, -1",
        "clip, 0",
        "round.max-examples, 0",
        "round.max-wait, 0s",
        "round.max-wait, 5",
        "round.max-wait, 366d",
        "round.max-wait, P",
        "max-length, 1",
        "auto-promote, yes",
        "average, 1",
        "replay, -1",
        "replay.reservoir, 499",
        "replay.reservoir, 5001",
        "gate.confidence, 1",
        "gate.tolerance, -0.1",
        "rollback.reward-drop, 1.5",
        "drift.threshold, 0"
    })
    void refusesValuesThatCannotBeMeant(String key, String value) {
        assertThatThrownBy(() -> AdapterSettings.of(Map.of(key, value)))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.BAD_SETTING))
                .hasMessageContaining(key);
    }

    @Test
    void namesTheKnownKeysForAnUnknownOne() {
        assertThatThrownBy(() -> AdapterSettings.defaults().with("learning-rate", "1"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("'learning-rate' is no setting")
                .hasMessageContaining("lr, warmup-steps");
    }

    @Test
    void saysWhichSettingsAreFixedAfterTheFirstRound() {
        assertThat(List.of(AdapterSetting.values()).stream().filter(AdapterSetting::immutableAfterFirstRound))
                .containsExactly(AdapterSetting.RANK, AdapterSetting.ALPHA, AdapterSetting.TARGETS);
    }

    @ParameterizedTest
    @CsvSource({
        "alpha, 512, alpha / rank is 32",
        "alpha, 1, alpha / rank is 0.0625",
        "rank, 12, vLLM",
        "dropout, 0.9, dropout 0.9",
        "lr, 0.1, lr 0.1",
        "lr, 0.000001, lr 0.000001",
        "micro-batch, 64, never fills",
        "round.max-tokens, 100, less than one sequence",
        "average, 0.5, averages over 2 steps",
        "replay, 0.9, more than after a shift"
    })
    void warnsOfWhatIsAllowedButHardlyMeant(String key, String value, String warning) {
        assertThat(AdapterSettings.defaults().with(key, value).warnings())
                .singleElement()
                .asString()
                .contains(warning);
    }
}
