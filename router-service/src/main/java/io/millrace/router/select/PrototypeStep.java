package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.embedding.Prototypes;
import io.millrace.embedding.RoutingRule;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Compares the request with every adapter's prototypes. Close ones are composed by their shares, a single one answers
 * alone, and where none claims the request the base does. With a small probability the choice is uniform over all
 * adapters and the base, so that what was not chosen can be learned about too.
 */
public final class PrototypeStep implements SelectionStep {
    static final String STEP = "prototypes";

    private final ServableVersions versions;
    private final Supplier<Map<AdapterName, Prototypes>> prototypes;
    private final Function<String, float[]> embedder;
    private final RoutingRule rule;
    private final double blendShare;
    private final CanaryStep canary;
    private final Chance chance;

    /** @param blendShare least share with which an adapter takes part beside the nearest one; above 0.5: never */
    public PrototypeStep(
            ServableVersions versions,
            Supplier<Map<AdapterName, Prototypes>> prototypes,
            Function<String, float[]> embedder,
            RoutingRule rule,
            double blendShare,
            CanaryStep canary,
            Chance chance) {
        this.versions = versions;
        this.prototypes = prototypes;
        this.embedder = embedder;
        this.rule = rule;
        this.blendShare = blendShare;
        this.canary = canary;
        this.chance = chance;
    }

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        if (!(request.model() instanceof ModelRef.Auto)) {
            return Optional.empty();
        }
        SortedMap<AdapterName, VersionEntry> champions = champions(view);
        Map<AdapterName, Prototypes> known = new TreeMap<>(prototypes.get());
        known.keySet().retainAll(champions.keySet());
        if (known.isEmpty()) {
            return Optional.empty();
        }
        var candidates = rule.rank(known, embedder.apply(request.text()));
        List<Weighted> preferred = preferred(candidates);
        boolean explored = chance.explores();
        List<Weighted> chosen = explored ? uniform(candidates) : preferred;
        double propensity = propensity(chosen, preferred, candidates.size());
        List<Selection.Part> parts = new ArrayList<>();
        for (Weighted w : chosen) {
            CanaryStep.Drawn drawn = canary.draw(w.adapter(), champions.get(w.adapter()), view);
            propensity *= drawn.propensity();
            parts.add(new Selection.Part(drawn.version(), w.weight()));
        }
        String step = chosen.isEmpty() ? BaseStep.STEP : STEP;
        return Optional.of(new Selection(step, parts, propensity, candidates, explored));
    }

    private record Weighted(AdapterName adapter, double weight) {}

    /** Nobody, the nearest adapter, or those that come close to it. */
    private List<Weighted> preferred(List<RoutingRule.Candidate<AdapterName>> candidates) {
        if (!candidates.get(0).claims()) {
            return List.of();
        }
        var close = candidates.stream()
                .filter(c -> c.equals(candidates.get(0)) || (c.claims() && c.share() >= blendShare))
                .toList();
        double total = close.stream().mapToDouble(RoutingRule.Candidate::share).sum();
        return close.stream().map(c -> new Weighted(c.key(), c.share() / total)).toList();
    }

    /** One of the adapters alone, or the base. */
    private List<Weighted> uniform(List<RoutingRule.Candidate<AdapterName>> candidates) {
        int drawn = chance.uniform(candidates.size() + 1);
        return drawn == candidates.size()
                ? List.of()
                : List.of(new Weighted(candidates.get(drawn).key(), 1));
    }

    /** A blend is an action of its own that exploration never draws; each adapter alone and the base are. */
    private double propensity(List<Weighted> chosen, List<Weighted> preferred, int adapters) {
        if (chosen.size() > 1) {
            return 1 - chance.exploration();
        }
        return chance.propensity(chosen.equals(preferred), adapters + 1);
    }

    private SortedMap<AdapterName, VersionEntry> champions(RegistryView view) {
        SortedMap<AdapterName, VersionEntry> champions = new TreeMap<>(Comparator.naturalOrder());
        for (AdapterEntry adapter : view.adapters()) {
            versions.champion(adapter, view).ifPresent(v -> champions.put(adapter.name(), v));
        }
        return champions;
    }
}
