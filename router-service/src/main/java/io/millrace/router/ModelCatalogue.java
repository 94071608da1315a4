package io.millrace.router;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import io.millrace.router.select.ModelRef;
import io.millrace.router.select.ServableVersions;
import java.util.ArrayList;
import java.util.List;

/** What can be asked for by name. */
public final class ModelCatalogue {
    private final RegistryLog registry;
    private final ServableVersions versions;
    private final String base;

    public ModelCatalogue(RegistryLog registry, ServableVersions versions, String base) {
        this.registry = registry;
        this.versions = versions;
        this.base = base;
    }

    /**
     * A model as OpenAI lists it.
     *
     * @param created seconds since 1970, 0 where nothing says
     * @param version that answers now, 40 hex
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public record Model(
            String id,
            String object,
            long created,
            @JsonProperty("owned_by") String ownedBy,
            String root,
            String version,
            String revision) {}

    public List<Model> models() {
        RegistryView view = registry.view();
        List<Model> models = new ArrayList<>();
        models.add(new Model("auto", "model", 0, "millrace", base, null, null));
        models.add(new Model("base", "model", 0, "millrace", base, null, null));
        for (AdapterEntry adapter : view.adapters()) {
            versions.champion(adapter, view).ifPresent(v -> models.add(model(v)));
        }
        view.recipes()
                .forEach(r -> models.add(new Model(
                        ModelRef.RECIPE_PREFIX + r.name(), "model", 0, r.name().namespace(), base, null, null)));
        return models;
    }

    private Model model(VersionEntry version) {
        return new Model(
                version.adapter().toString(),
                "model",
                version.publishedAt().getEpochSecond(),
                version.adapter().namespace(),
                base,
                version.id().hex(),
                version.ordinalName());
    }
}
