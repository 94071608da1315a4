package io.millrace.router.api;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.router.ModelCatalogue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.stream.Collectors;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** What {@code model} can be. */
@Path("/v1/models")
@Tag(name = "router")
@Produces(MediaType.APPLICATION_JSON)
public final class ModelsResource {
    private final ModelCatalogue catalogue;

    public ModelsResource(ModelCatalogue catalogue) {
        this.catalogue = catalogue;
    }

    /** OpenAI's list. */
    public record Models(String object, List<ModelCatalogue.Model> data) {}

    @GET
    @Operation(summary = "auto, base, every adapter with a champion for this router's base, every recipe")
    public Models list() {
        return new Models("list", catalogue.models());
    }

    @GET
    @Path("/{id:.+}")
    @Operation(summary = "One of them")
    public ModelCatalogue.Model get(@PathParam("id") String id) {
        List<ModelCatalogue.Model> models = catalogue.models();
        return models.stream()
                .filter(m -> m.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_MODEL,
                        "no model is listed as '" + id + "'; there are: "
                                + models.stream().map(ModelCatalogue.Model::id).collect(Collectors.joining(", "))));
    }
}
