package io.millrace.router.select;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RecipeEntry;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** From names to versions that this router may answer with: known, not retired, made for its base. */
public final class ServableVersions {
    private static final Set<String> CHAMPION_NAMES = Set.of(AdapterEntry.CHAMPION, "main");
    private static final int LISTED = 20;

    private final ServedChampions champions;
    private final Supplier<Optional<Digest>> base;
    private final BooleanSupplier complete;

    /** Which version answers for an adapter's champion: usually the champion, an older one until that is loaded. */
    @FunctionalInterface
    public interface ServedChampions {
        VersionEntry served(AdapterEntry adapter, VersionEntry champion);
    }

    /**
     * @param base the base that this router has loaded, empty while it has none
     * @param complete whether the registry has been read: before that, what isn't known may exist
     */
    public ServableVersions(ServedChampions champions, Supplier<Optional<Digest>> base, BooleanSupplier complete) {
        this.champions = champions;
        this.base = base;
        this.complete = complete;
    }

    /**
     * @throws MillraceException {@code unknown_model} naming what exists, {@code version_retired}, {@code wrong_base},
     *     {@code not_ready} where the name may be known once the registry has been read
     */
    public VersionEntry version(ModelRef.Adapter model, RegistryView view) {
        AdapterEntry adapter = adapter(model.name(), view);
        String revision = model.revision().orElse(AdapterEntry.CHAMPION);
        VersionEntry named = resolve(adapter, revision, view);
        VersionEntry version = CHAMPION_NAMES.contains(revision) ? champions.served(adapter, named) : named;
        if (version.retired()) {
            throw new MillraceException(
                    ErrorCode.VERSION_RETIRED,
                    model.name() + " " + version.ordinalName() + " is retired; ask for another of its revisions: "
                            + revisions(adapter));
        }
        if (!isForThisBase(version)) {
            throw new MillraceException(
                    ErrorCode.WRONG_BASE,
                    model.name() + " " + version.ordinalName() + " was trained on base " + version.baseId()
                            + ", this router serves another; ask a router of that base");
        }
        return version;
    }

    /** The champion that answers, where the adapter has one for this router's base. */
    public Optional<VersionEntry> champion(AdapterEntry adapter, RegistryView view) {
        return adapter.champion()
                .flatMap(id -> view.version(adapter.name(), id))
                .map(champion -> champions.served(adapter, champion))
                .filter(v -> !v.retired() && isForThisBase(v));
    }

    /** @throws MillraceException {@code unknown_model} */
    public RecipeEntry recipe(AdapterName name, RegistryView view) {
        return view.recipe(name)
                .orElseThrow(() -> unknown("no recipe is called '" + name + "'; there are: "
                        + listed(view.recipes().stream().map(r -> r.name().toString()))));
    }

    private AdapterEntry adapter(AdapterName name, RegistryView view) {
        return view.adapter(name)
                .orElseThrow(() -> unknown("no adapter is called '" + name + "'; there are: auto, base"
                        + view.adapters().stream()
                                .limit(LISTED)
                                .map(a -> ", " + a.name())
                                .reduce("", String::concat)
                        + (view.adapters().size() > LISTED ? ", …" : "")));
    }

    private VersionEntry resolve(AdapterEntry adapter, String revision, RegistryView view) {
        try {
            return view.resolve(adapter.name(), revision);
        } catch (MillraceException e) {
            throw unknown(adapter.name() + " has no revision '" + revision + "'; it has: " + revisions(adapter));
        }
    }

    private static String revisions(AdapterEntry adapter) {
        List<VersionEntry> versions = adapter.versions();
        return listed(Stream.concat(
                adapter.aliases().keySet().stream(),
                versions.subList(Math.max(0, versions.size() - LISTED), versions.size()).stream()
                        .filter(v -> !v.retired())
                        .map(VersionEntry::ordinalName)));
    }

    private boolean isForThisBase(VersionEntry version) {
        return base.get().map(id -> id.hex().equals(version.baseId())).orElse(true);
    }

    private static String listed(Stream<String> names) {
        List<String> all = names.toList();
        return all.isEmpty() ? "none" : String.join(", ", all.subList(0, Math.min(2 * LISTED, all.size())));
    }

    private MillraceException unknown(String detail) {
        return complete.getAsBoolean()
                ? new MillraceException(ErrorCode.UNKNOWN_MODEL, detail)
                : new MillraceException(ErrorCode.NOT_READY, "the registry hasn't been read yet; so far, " + detail);
    }
}
