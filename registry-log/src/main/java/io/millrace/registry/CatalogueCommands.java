package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipePart;
import io.millrace.proto.internal.RegisterBase;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Bases and recipes. */
final class CatalogueCommands {
    private static final int MAX_PARTS = 64;

    private CatalogueCommands() {}

    static Change registerBase(RegistryState state, Moment moment, RegisterBase command) {
        Digest id = VersionCodec.digest("base_id", command.getBaseId());
        VersionCodec.require(!command.getName().isBlank(), "a base needs a name");
        return state.base(id).isPresent()
                ? Change.none(state, "base " + command.getName() + " is registered")
                : Change.to(
                        state.withBase(
                                moment.offset(), new BaseEntry(id, command.getName(), command.getDescriptionJson())),
                        "base " + command.getName() + " registered");
    }

    static Change putRecipe(RegistryState state, Moment moment, PutRecipe command) {
        RecipeEntry recipe = recipe(command);
        checkParts(state, recipe);
        return state.recipe(recipe.name()).equals(Optional.of(recipe))
                ? Change.none(state, "recipe " + recipe.name() + " is so already")
                : Change.to(state.withRecipe(moment.offset(), recipe), "recipe " + recipe.name() + " stored");
    }

    static RecipeEntry recipe(PutRecipe command) {
        VersionCodec.require(
                command.getPartsCount() >= 1 && command.getPartsCount() <= MAX_PARTS,
                "a recipe has 1 to " + MAX_PARTS + " parts, not " + command.getPartsCount());
        List<RecipeEntry.Part> parts = new ArrayList<>();
        for (RecipePart part : command.getPartsList()) {
            VersionCodec.require(
                    Double.isFinite(part.getWeight()), "the weight of " + part.getAdapter() + " isn't a finite number");
            parts.add(new RecipeEntry.Part(
                    AdapterName.parse(part.getAdapter()), named(part.getRevision()), part.getWeight()));
        }
        return new RecipeEntry(AdapterName.parse(command.getName()), List.copyOf(parts));
    }

    static PutRecipe command(RecipeEntry recipe) {
        PutRecipe.Builder command = PutRecipe.newBuilder().setName(recipe.name().toString());
        recipe.parts()
                .forEach(part -> command.addParts(RecipePart.newBuilder()
                        .setAdapter(part.adapter().toString())
                        .setRevision(part.revision())
                        .setWeight(part.weight())));
        return command.build();
    }

    private static String named(String revision) {
        VersionCodec.require(
                !revision.equals(Revisions.LATEST), "a recipe names aliases or versions; latest is neither");
        return revision.isEmpty() || revision.equals(Revisions.MAIN) ? AdapterEntry.CHAMPION : revision;
    }

    private static void checkParts(RegistryState state, RecipeEntry recipe) {
        List<VersionEntry> versions = recipe.parts().stream()
                .map(part -> state.existing(part.adapter().toString())
                        .usable(state.resolve(part.adapter(), part.revision()).id()))
                .toList();
        if (versions.stream().map(VersionEntry::baseId).distinct().count() > 1) {
            throw new MillraceException(
                    ErrorCode.WRONG_BASE,
                    "the parts of recipe " + recipe.name()
                            + " are for different bases; only adapters of one base can be composed");
        }
    }
}
