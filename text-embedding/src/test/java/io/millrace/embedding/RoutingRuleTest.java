package io.millrace.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class RoutingRuleTest {
    private static TextEmbedder embedder;
    private static Map<String, Prototypes> adapters;

    @BeforeAll
    static void fit() {
        embedder = new TextEmbedder(1);
        adapters = Map.of(
                "lights", prototypes("turn on the lamp", "dim the bedroom lights", "switch off all lights please"),
                "travel", prototypes("book a flight to Rome", "I need a hotel in Oslo", "when does my train leave"));
    }

    @AfterAll
    static void close() {
        embedder.close();
    }

    private static Prototypes prototypes(String... prompts) {
        return Prototypes.fit(embedder.embedAll(List.of(prompts)), 1);
    }

    @Test
    void theNearestAdapterClaimsItsRequest() {
        // When
        var ranked = RoutingRule.defaults().rank(adapters, embedder.embed("please turn the kitchen lights on"));

        // Then
        assertThat(ranked.get(0).key()).isEqualTo("lights");
        assertThat(ranked.get(0).claims()).isTrue();
        assertThat(ranked.get(0).share()).isGreaterThan(0.9);
        assertThat(ranked.stream().mapToDouble(RoutingRule.Candidate::share).sum())
                .isCloseTo(1, within(1e-9));
    }

    @Test
    void nobodyClaimsWhatIsFarFromAll() {
        var ranked = RoutingRule.defaults()
                .rank(adapters, embedder.embed("prove that the square root of two is irrational"));
        assertThat(ranked).noneMatch(RoutingRule.Candidate::claims);
    }

    @Test
    void noAdaptersMeansNoCandidates() {
        assertThat(RoutingRule.defaults().rank(Map.<String, Prototypes>of(), embedder.embed("hello")))
                .isEmpty();
    }
}
