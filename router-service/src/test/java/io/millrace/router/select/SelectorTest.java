package io.millrace.router.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedding.Prototypes;
import io.millrace.embedding.RoutingRule;
import io.millrace.embedding.TextEmbedder;
import io.millrace.registry.VersionEntry;
import io.millrace.router.Fold;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SelectorTest {
    private static TextEmbedder embedder;
    private static Map<AdapterName, Prototypes> prototypes;

    private final Fold registry = new Fold();
    private final VersionEntry lights1 = registry.publish("home/lights", true);
    private final VersionEntry lights2 = registry.publish("home/lights", false);
    private final VersionEntry travel = registry.publish("trips/booking", true);

    @BeforeAll
    static void fit() {
        embedder = new TextEmbedder(1);
        prototypes = Map.of(
                AdapterName.parse("home/lights"),
                fit("turn on the lamp", "dim the bedroom lights", "switch off all the lights please"),
                AdapterName.parse("trips/booking"),
                fit("book a flight to Rome", "I need a hotel in Oslo", "when does my train leave"));
    }

    private static Prototypes fit(String... prompts) {
        return Prototypes.fit(embedder.embedAll(List.of(prompts)), 1);
    }

    @AfterAll
    static void close() {
        embedder.close();
    }

    private Selector selector(double exploration, double canaryShare) {
        return selector(exploration, canaryShare, RoutingRule.defaults());
    }

    private Selector selector(double exploration, double canaryShare, RoutingRule rule) {
        var versions = new ServableVersions((adapter, champion) -> champion, () -> Optional.of(Fold.BASE), () -> true);
        var chance = new Chance(new Random(1), exploration, canaryShare);
        var canary = new CanaryStep(versions, chance);
        return new Selector(List.of(
                new InlineStep(versions),
                new RecipeStep(versions),
                canary,
                new ExplicitStep(versions),
                new PrototypeStep(versions, () -> prototypes, embedder::embed, rule, 0.4, canary, chance),
                new BaseStep()));
    }

    private Selection select(String model, String text) {
        return selector(0, 0.5).select(new RoutingRequest(ModelRef.parse(model), List.of(), text), registry.view());
    }

    private static List<Selection.Part> alone(VersionEntry version) {
        return List.of(new Selection.Part(version, 1));
    }

    @Test
    void everyFormOfModelNamesItsVersion() {
        registry.alias("home/lights", "next", lights2);
        assertThat(select("base", "").parts()).isEmpty();
        assertThat(select("home/lights", "").parts()).isEqualTo(alone(lights1));
        assertThat(select("home/lights@champion", "").parts()).isEqualTo(alone(lights1));
        assertThat(select("home/lights@main", "").parts()).isEqualTo(alone(lights1));
        assertThat(select("home/lights@latest", "").parts()).isEqualTo(alone(lights2));
        assertThat(select("home/lights@next", "").parts()).isEqualTo(alone(lights2));
        assertThat(select("home/lights@v2", "").parts()).isEqualTo(alone(lights2));
        assertThat(select("home/lights.v2", "").parts()).isEqualTo(alone(lights2));
        assertThat(select("home/lights@" + lights2.id(), "").parts()).isEqualTo(alone(lights2));
        assertThat(select("home/lights@v2", "").step()).isEqualTo("explicit");
        assertThat(select("home/lights@v2", "").propensity()).isEqualTo(1);
    }

    @Test
    void aRecipeComposesItsParts() {
        // Given
        registry.recipe("mix/both", Fold.part("home/lights", "v2", 0.7), Fold.part("trips/booking", "", 0.3));

        // Then
        assertThat(select("recipe:mix/both", "").parts())
                .containsExactly(new Selection.Part(lights2, 0.7), new Selection.Part(travel, 0.3));
    }

    @Test
    void inlineAdaptersWinOverTheModel() {
        // Given
        var inline = List.of(
                new RoutingRequest.Inline(ModelRef.adapter("home/lights@v2"), 0.5),
                new RoutingRequest.Inline(ModelRef.adapter("trips/booking"), -0.25));

        // When
        Selection selection = selector(0, 0.5)
                .select(new RoutingRequest(new ModelRef.Auto(), inline, "turn on the lamp"), registry.view());

        // Then
        assertThat(selection.parts())
                .containsExactly(new Selection.Part(lights2, 0.5), new Selection.Part(travel, -0.25));
        assertThat(selection.step()).isEqualTo("explicit");
    }

    @Test
    void whatDoesNotExistIsRefusedNamingWhatDoes() {
        assertRefused("home/lamps", ErrorCode.UNKNOWN_MODEL, "home/lights");
        assertRefused("home/lights@v9", ErrorCode.UNKNOWN_MODEL, "champion, v1, v2");
        assertRefused("gpt-4o", ErrorCode.UNKNOWN_MODEL, "namespace/name");
        assertRefused("recipe:no/such", ErrorCode.UNKNOWN_MODEL, "none");
        registry.publish("other/base", true, Digest.of("another"));
        assertRefused("other/base", ErrorCode.WRONG_BASE, "another");
        registry.retire(lights2);
        assertRefused("home/lights@v2", ErrorCode.VERSION_RETIRED, "v1");
    }

    private void assertRefused(String model, ErrorCode code, String mentioned) {
        assertThatThrownBy(() -> select(model, ""))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(mentioned);
    }

    @Test
    void autoFindsTheAdapterThatThePromptBelongsTo() {
        // When
        Selection selection = select("auto", "please turn the kitchen lights on");

        // Then
        assertThat(selection.step()).isEqualTo("prototypes");
        assertThat(selection.parts()).isEqualTo(alone(lights1));
        assertThat(selection.propensity()).isGreaterThan(0.99).isLessThan(1);
        assertThat(selection.candidates()).hasSize(2);
        assertThat(selection.candidates().get(0).share()).isGreaterThan(0.9);
    }

    @Test
    void autoLeavesToTheBaseWhatBelongsToNoAdapter() {
        Selection selection = select("auto", "prove that the square root of two is irrational");
        assertThat(selection.step()).isEqualTo("base");
        assertThat(selection.parts()).isEmpty();
        assertThat(selection.propensity()).isGreaterThan(0).isLessThan(1);
    }

    @Test
    void autoComposesAdaptersThatComeClose() {
        // When
        Selection selection = selector(0, 0, new RoutingRule(1, 0.05, 0.1, 0.2))
                .select(
                        new RoutingRequest(new ModelRef.Auto(), List.of(), "turn on the lamp in my hotel in Oslo"),
                        registry.view());

        // Then
        assertThat(selection.parts()).hasSize(2);
        assertThat(selection.parts().stream()
                        .mapToDouble(Selection.Part::weight)
                        .sum())
                .isCloseTo(1, within(1e-9));
        assertThat(selection.parts().get(0).weight())
                .isGreaterThan(selection.parts().get(1).weight());
    }

    @Test
    void withoutAnyAdapterAutoIsTheBase() {
        Selection selection =
                selector(0.1, 0).select(new RoutingRequest(new ModelRef.Auto(), List.of(), "hello"), new Fold().view());
        assertThat(selection.step()).isEqualTo("base");
        assertThat(selection.parts()).isEmpty();
    }

    @Test
    void explorationChoosesEverythingAsOftenAsItSays() {
        // Given
        Selector exploring = selector(0.3, 0);
        var request = new RoutingRequest(new ModelRef.Auto(), List.of(), "turn on the lamp");
        Map<List<Selection.Part>, Integer> counts = new HashMap<>();
        Map<List<Selection.Part>, Double> propensities = new HashMap<>();
        int draws = 3000;

        // When
        for (int i = 0; i < draws; i++) {
            Selection s = exploring.select(request, registry.view());
            counts.merge(s.parts(), 1, Integer::sum);
            propensities.put(s.parts(), s.propensity());
        }

        // Then
        assertThat(propensities).hasSize(3);
        assertThat(propensities.values().stream().mapToDouble(p -> p).sum()).isCloseTo(1, within(1e-9));
        assertThat(propensities.get(alone(lights1))).isCloseTo(0.8, within(1e-9));
        assertThat(propensities.get(List.<Selection.Part>of())).isCloseTo(0.1, within(1e-9));
        propensities.forEach(
                (parts, p) -> assertThat(counts.get(parts) / (double) draws).isCloseTo(p, within(0.03)));
    }

    @Test
    void aCanaryTakesItsShareOfUnpinnedRequests() {
        // Given
        registry.alias("home/lights", "canary", lights2);
        Selector selector = selector(0, 0.25);
        var named = new RoutingRequest(ModelRef.parse("home/lights"), List.of(), "");
        var pinned = new RoutingRequest(ModelRef.parse("home/lights@champion"), List.of(), "");
        int canaries = 0;
        int draws = 2000;

        // When
        for (int i = 0; i < draws; i++) {
            Selection s = selector.select(named, registry.view());
            boolean canary = s.parts().equals(alone(lights2));
            canaries += canary ? 1 : 0;
            assertThat(s.step()).isEqualTo("canary");
            assertThat(s.propensity()).isEqualTo(canary ? 0.25 : 0.75);
            assertThat(selector.select(pinned, registry.view()).parts()).isEqualTo(alone(lights1));
        }

        // Then
        assertThat(canaries / (double) draws).isCloseTo(0.25, within(0.03));
    }
}
