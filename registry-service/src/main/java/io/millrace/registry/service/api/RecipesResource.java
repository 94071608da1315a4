package io.millrace.registry.service.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipePart;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.RecipeEntry;
import io.millrace.registry.service.RegistryApi;
import io.millrace.registry.service.RequestView;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.openapi.annotations.Operation;
import org.eclipse.microprofile.openapi.annotations.tags.Tag;

/** Recipes: named weighted compositions. */
@Path("/api/v1/recipes")
@Tag(name = "registry")
@RegistryApi
@Produces(MediaType.APPLICATION_JSON)
public final class RecipesResource {
    private final RequestView current;
    private final Commands commands;

    public RecipesResource(RequestView current, Commands commands) {
        this.current = current;
        this.commands = commands;
    }

    /** A recipe. */
    public record RecipeJson(String name, List<PartJson> parts) {
        static RecipeJson of(RecipeEntry recipe) {
            return new RecipeJson(
                    recipe.name().toString(),
                    recipe.parts().stream()
                            .map(p -> new PartJson(p.adapter().toString(), p.revision(), p.weight()))
                            .toList());
        }
    }

    /** @param revision an alias, vN or 40 hex */
    public record PartJson(String adapter, String revision, double weight) {}

    /** A page of recipes. */
    @JsonNaming(SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    public record Recipes(List<RecipeJson> recipes, Optional<String> nextPageToken) {}

    @GET
    @Operation(summary = "Recipes by name")
    public Recipes list(
            @QueryParam("limit") @DefaultValue("0") int limit,
            @QueryParam("page_token") @DefaultValue("") String pageToken) {
        Paging.Page<RecipeEntry> page = Paging.page(
                current.get().recipes(), limit, pageToken, r -> r.name().toString());
        return new Recipes(page.map(RecipeJson::of), page.next());
    }

    @GET
    @Path("{ns}/{name}")
    @Operation(summary = "One recipe")
    public RecipeJson get(@PathParam("ns") String ns, @PathParam("name") String name) {
        AdapterName recipe = new AdapterName(ns, name);
        return RecipeJson.of(current.get()
                .recipe(recipe)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_RECIPE,
                        "there is no recipe " + recipe + "; GET /api/v1/recipes lists them")));
    }

    @PUT
    @Path("{ns}/{name}")
    @Operation(summary = "Stores {\"parts\": [{\"adapter\", \"revision\"?, \"weight\"?}…]}; the parts must exist")
    public RecipeJson put(
            @PathParam("ns") String ns, @PathParam("name") String name, @Context HttpHeaders headers, byte[] body) {
        PutRecipe.Builder command = PutRecipe.newBuilder().setName(new AdapterName(ns, name).toString());
        JsonNode parts = JsonBody.read(body).get("parts");
        if (!parts.isArray() || parts.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "the body needs \"parts\": [{\"adapter\": …, \"weight\": …}…]");
        }
        parts.forEach(part -> command.addParts(part(part)));
        commands.execute(headers, RegistryRecord.newBuilder().setPutRecipe(command));
        return get(ns, name);
    }

    private static RecipePart part(JsonNode part) {
        JsonNode weight = part.path("weight");
        if (!part.path("adapter").isTextual() || !(weight.isMissingNode() || weight.isNumber())) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "a part is {\"adapter\": text, \"revision\"?: text, \"weight\"?: number}");
        }
        return RecipePart.newBuilder()
                .setAdapter(part.path("adapter").asText())
                .setRevision(part.path("revision").asText(""))
                .setWeight(weight.asDouble(1))
                .build();
    }
}
