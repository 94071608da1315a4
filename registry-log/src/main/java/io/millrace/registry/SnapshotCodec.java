package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.BaseSnapshot;
import io.millrace.proto.internal.ChangeSnapshot;
import io.millrace.proto.internal.HeadSnapshot;
import io.millrace.proto.internal.PutRecipe;
import io.millrace.proto.internal.RecipeSnapshot;
import io.millrace.proto.internal.RegisterBase;
import io.millrace.proto.internal.RegistryAdapterSnapshot;
import io.millrace.proto.internal.RegistrySnapshot;
import io.millrace.proto.internal.RememberedCommand;
import io.millrace.proto.internal.VersionSnapshot;
import java.time.Instant;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The fold's state as a message, and back: reading what was written gives the state that a replay gives. */
final class SnapshotCodec {
    private SnapshotCodec() {}

    static RegistrySnapshot write(RegistryState state) {
        RegistrySnapshot.Builder snapshot = RegistrySnapshot.newBuilder()
                .setFoldVersion(RegistryState.FOLD_VERSION)
                .setOffset(state.offset())
                .setTimeMs(state.time().toEpochMilli());
        state.adapterStates().values().forEach(a -> snapshot.addAdapters(write(a)));
        state.recipeHistories().values().forEach(h -> {
            RecipeSnapshot.Builder recipe = RecipeSnapshot.newBuilder()
                    .setName(h.last().orElseThrow().name().toString());
            for (int i = 0; i < h.size(); i++) {
                recipe.addOffsets(h.keyAt(i)).addRevisions(CatalogueCommands.command(h.at(i)));
            }
            snapshot.addRecipes(recipe);
        });
        state.registeredBases()
                .values()
                .forEach(b -> snapshot.addBases(BaseSnapshot.newBuilder()
                        .setOffset(b.offset())
                        .setBase(RegisterBase.newBuilder()
                                .setBaseId(b.entry().id().hex())
                                .setName(b.entry().name())
                                .setDescriptionJson(b.entry().descriptionJson()))));
        CommandMemory commands = state.commands();
        commands.order().values().forEach(id -> {
            CommandOutcome outcome = commands.outcome(id).orElseThrow();
            snapshot.addCommands(RememberedCommand.newBuilder()
                    .setCommandId(id)
                    .setOffset(outcome.offset())
                    .setError(outcome.error().map(ErrorCode::code).orElse(""))
                    .setDetail(outcome.detail()));
        });
        state.changes()
                .values()
                .forEach(c -> snapshot.addChanges(ChangeSnapshot.newBuilder()
                        .setOffset(c.offset())
                        .setTimeMs(c.at().toEpochMilli())
                        .setKind(c.kind().name())
                        .setName(c.name())
                        .setWhat(c.what())));
        return snapshot.build();
    }

    static RegistryState read(RegistrySnapshot snapshot) {
        PersistentMap<String, AdapterState> adapters = PersistentMap.empty();
        for (RegistryAdapterSnapshot adapter : snapshot.getAdaptersList()) {
            adapters = adapters.put(adapter.getName(), read(adapter));
        }
        PersistentMap<String, PersistentMap<Long, RecipeEntry>> recipes = PersistentMap.empty();
        for (RecipeSnapshot recipe : snapshot.getRecipesList()) {
            PersistentMap<Long, RecipeEntry> history = PersistentMap.empty();
            for (int i = 0; i < recipe.getRevisionsCount(); i++) {
                PutRecipe revision = recipe.getRevisions(i);
                history = history.put(recipe.getOffsets(i), CatalogueCommands.recipe(revision));
            }
            recipes = recipes.put(recipe.getName(), history);
        }
        PersistentMap<Digest, RegistryState.RegisteredBase> bases = PersistentMap.empty();
        for (BaseSnapshot base : snapshot.getBasesList()) {
            Digest id = new Digest(base.getBase().getBaseId());
            bases = bases.put(
                    id,
                    new RegistryState.RegisteredBase(
                            base.getOffset(),
                            new BaseEntry(
                                    id, base.getBase().getName(), base.getBase().getDescriptionJson())));
        }
        CommandMemory commands = CommandMemory.empty();
        for (RememberedCommand command : snapshot.getCommandsList()) {
            Optional<ErrorCode> error = command.getError().isEmpty()
                    ? Optional.empty()
                    : Optional.of(ErrorCode.valueOf(command.getError().toUpperCase(Locale.ROOT)));
            commands = commands.with(
                    command.getCommandId(), new CommandOutcome(command.getOffset(), error, command.getDetail()));
        }
        PersistentMap<Long, RegistryChange> changes = PersistentMap.empty();
        for (ChangeSnapshot change : snapshot.getChangesList()) {
            changes = changes.put(
                    change.getOffset(),
                    new RegistryChange(
                            change.getOffset(),
                            Instant.ofEpochMilli(change.getTimeMs()),
                            RegistryChange.Kind.valueOf(change.getKind()),
                            change.getName(),
                            change.getWhat()));
        }
        return new RegistryState(
                snapshot.getOffset(),
                Instant.ofEpochMilli(snapshot.getTimeMs()),
                adapters,
                recipes,
                bases,
                commands,
                changes,
                OptionalLong.empty());
    }

    private static RegistryAdapterSnapshot write(AdapterState adapter) {
        RegistryAdapterSnapshot.Builder snapshot = RegistryAdapterSnapshot.newBuilder()
                .setName(adapter.name().toString())
                .setCreatedOffset(adapter.created().offset())
                .setCreatedTimeMs(adapter.created().at().toEpochMilli());
        adapter.versions()
                .values()
                .forEach(v -> snapshot.addVersions(VersionSnapshot.newBuilder()
                        .setCommand(VersionCodec.command(v))
                        .setPromotionReason(v.promotionReason())
                        .setOffset(v.offset())
                        .setTimeMs(v.publishedAt().toEpochMilli())
                        .setRetiredOffset(adapter.retired().get(v.id()).orElse(0L))));
        adapter.history()
                .values()
                .forEach(h -> snapshot.addHistory(HeadSnapshot.newBuilder()
                        .setOffset(h.offset())
                        .setTimeMs(h.at().toEpochMilli())
                        .putAllAliases(h.aliases().entrySet().stream()
                                .collect(Collectors.toMap(
                                        Map.Entry::getKey, e -> e.getValue().hex())))
                        .putAllSettings(h.explicitSettings())
                        .setBaseId(h.baseId().orElse(""))
                        .setHold(h.hold())
                        .setPaused(h.paused())
                        .setCause(h.cause())));
        adapter.earlierChampions().values().forEach(id -> snapshot.addEarlierChampions(id.hex()));
        return snapshot.build();
    }

    private static AdapterState read(RegistryAdapterSnapshot snapshot) {
        AdapterName name = AdapterName.parse(snapshot.getName());
        AdapterState adapter = AdapterState.create(
                name, new Moment(snapshot.getCreatedOffset(), Instant.ofEpochMilli(snapshot.getCreatedTimeMs())));
        for (VersionSnapshot v : snapshot.getVersionsList()) {
            VersionEntry version = VersionCodec.entry(
                    v.getCommand(),
                    adapter.versions().size() + 1,
                    v.getPromotionReason(),
                    new Moment(v.getOffset(), Instant.ofEpochMilli(v.getTimeMs())));
            adapter = adapter.withVersion(version);
            if (v.getRetiredOffset() > 0) {
                adapter = adapter.withRetired(version, v.getRetiredOffset());
            }
        }
        for (HeadSnapshot head : snapshot.getHistoryList()) {
            adapter = adapter.withHead(
                    new Moment(head.getOffset(), Instant.ofEpochMilli(head.getTimeMs())),
                    read(head, adapter.versions().get(1)),
                    head.getCause());
        }
        for (String id : snapshot.getEarlierChampionsList()) {
            adapter = adapter.pushChampion(new VersionId(id));
        }
        return adapter;
    }

    private static AdapterHead read(HeadSnapshot head, Optional<VersionEntry> first) {
        TreeMap<String, VersionId> aliases = new TreeMap<>();
        head.getAliasesMap().forEach((alias, id) -> aliases.put(alias, new VersionId(id)));
        AdapterSettings explicit = AdapterSettings.of(head.getSettingsMap());
        AdapterSettings settings = first.filter(v -> v.offset() <= head.getOffset())
                .map(v -> SettingsCommands.fixed(explicit, v))
                .orElse(explicit);
        return new AdapterHead(
                head.getOffset(),
                Instant.ofEpochMilli(head.getTimeMs()),
                Collections.unmodifiableSortedMap(aliases),
                Collections.unmodifiableSortedMap(new TreeMap<>(head.getSettingsMap())),
                settings,
                head.getBaseId().isEmpty() ? Optional.empty() : Optional.of(head.getBaseId()),
                head.getHold(),
                head.getPaused(),
                head.getCause());
    }
}
