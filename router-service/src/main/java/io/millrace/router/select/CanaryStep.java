package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.core.MillraceException;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.List;
import java.util.Optional;

/**
 * Shares the traffic of an adapter that a request names without a revision between its champion and its alias
 * {@code canary}. Says nothing about adapters without such an alias, or where it names the champion.
 */
public final class CanaryStep implements SelectionStep {
    private static final String CANARY = "canary";

    private final ServableVersions versions;
    private final Chance chance;

    public CanaryStep(ServableVersions versions, Chance chance) {
        this.versions = versions;
        this.chance = chance;
    }

    @Override
    public Optional<Selection> select(RoutingRequest request, RegistryView view) {
        if (!(request.model() instanceof ModelRef.Adapter adapter)
                || adapter.revision().isPresent()) {
            return Optional.empty();
        }
        VersionEntry champion;
        try {
            champion = versions.version(adapter, view);
        } catch (MillraceException e) {
            return Optional.empty(); // the explicit step says what is wrong
        }
        return canary(adapter.name(), champion, view).map(canary -> {
            Drawn drawn = draw(champion, canary);
            return new Selection(
                    "canary", List.of(new Selection.Part(drawn.version(), 1)), drawn.propensity(), List.of(), false);
        });
    }

    /** One of champion and canary, with the probability that it had. */
    record Drawn(VersionEntry version, double propensity) {}

    /** For a step that has settled on an adapter: its champion, or by chance its canary. */
    Drawn draw(AdapterName adapter, VersionEntry champion, RegistryView view) {
        return canary(adapter, champion, view)
                .map(canary -> draw(champion, canary))
                .orElse(new Drawn(champion, 1));
    }

    private Drawn draw(VersionEntry champion, VersionEntry canary) {
        return chance.takesCanary()
                ? new Drawn(canary, chance.canaryShare())
                : new Drawn(champion, 1 - chance.canaryShare());
    }

    private Optional<VersionEntry> canary(AdapterName name, VersionEntry champion, RegistryView view) {
        if (chance.canaryShare() == 0) {
            return Optional.empty();
        }
        return view.adapter(name)
                .flatMap(a -> Optional.ofNullable(a.aliases().get(CANARY)))
                .flatMap(id -> view.version(name, id))
                .filter(canary -> !canary.id().equals(champion.id())
                        && !canary.retired()
                        && canary.baseId().equals(champion.baseId()));
    }
}
