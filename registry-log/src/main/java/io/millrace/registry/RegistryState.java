package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.RegistryRecord;
import java.time.Instant;
import java.util.AbstractList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;

/**
 * The registry as a pure fold: a state and a record give the next state, the same on every node, whatever the bytes.
 * Immutable; states share what they have in common, so that each costs O(log n).
 */
public final class RegistryState implements RegistryView {
    /** The newest {@code fold_version} that this fold understands. */
    public static final int FOLD_VERSION = 1;

    private static final RegistryState EMPTY = new RegistryState(
            -1,
            Instant.EPOCH,
            PersistentMap.empty(),
            PersistentMap.empty(),
            PersistentMap.empty(),
            CommandMemory.empty(),
            PersistentMap.empty(),
            OptionalLong.empty());

    private final long offset;
    private final Instant time;
    private final PersistentMap<String, AdapterState> adapters;
    private final PersistentMap<String, PersistentMap<Long, RecipeEntry>> recipes;
    private final PersistentMap<Digest, RegisteredBase> bases;
    private final CommandMemory commands;
    private final PersistentMap<Long, RegistryChange> changes;
    private final OptionalLong stoppedAt;

    /** A base and the offset that registered it. */
    record RegisteredBase(long offset, BaseEntry entry) {}

    /** What {@link RegistryState#step} gives. */
    public record Step(RegistryState state, CommandOutcome outcome, boolean changed, Optional<String> commandId) {}

    RegistryState(
            long offset,
            Instant time,
            PersistentMap<String, AdapterState> adapters,
            PersistentMap<String, PersistentMap<Long, RecipeEntry>> recipes,
            PersistentMap<Digest, RegisteredBase> bases,
            CommandMemory commands,
            PersistentMap<Long, RegistryChange> changes,
            OptionalLong stoppedAt) {
        this.offset = offset;
        this.time = time;
        this.adapters = adapters;
        this.recipes = recipes;
        this.bases = bases;
        this.commands = commands;
        this.changes = changes;
        this.stoppedAt = stoppedAt;
    }

    public static RegistryState empty() {
        return EMPTY;
    }

    /** As {@link #step(long, Instant, RegistryRecord)}, the state alone. */
    public RegistryState apply(long at, Instant timestamp, RegistryRecord command) {
        return step(at, timestamp, command).state();
    }

    /** As {@link #step(long, Instant, RegistryRecord)} for a record's bytes, which may be any. */
    public Step step(long at, Instant timestamp, byte[] value) {
        return RegistryFold.step(this, at, timestamp, value);
    }

    /**
     * The state after the record. A record that was passed before changes nothing; so does one whose command was seen;
     * one of a newer fold version stops the fold before it, for good.
     *
     * @param at the record's offset
     * @param timestamp the broker's
     */
    public Step step(long at, Instant timestamp, RegistryRecord command) {
        return RegistryFold.step(this, at, timestamp, command);
    }

    @Override
    public long offset() {
        return offset;
    }

    /** Time of the last record, or the epoch. */
    public Instant time() {
        return time;
    }

    /** Offset of a record that needs a newer fold, where the log has one: the state is the one before it. */
    public OptionalLong stoppedAt() {
        return stoppedAt;
    }

    /** What became of a command, as long as it is among the last 100,000. */
    public Optional<CommandOutcome> outcome(String commandId) {
        return commands.outcome(commandId);
    }

    @Override
    public Optional<AdapterEntry> adapter(AdapterName name) {
        return adapterState(name).map(AdapterState::entry);
    }

    @Override
    public List<AdapterEntry> adapters() {
        List<AdapterState> states = adapters.values();
        return new AbstractList<>() {
            @Override
            public AdapterEntry get(int index) {
                return states.get(index).entry();
            }

            @Override
            public int size() {
                return states.size();
            }
        };
    }

    @Override
    public Optional<VersionEntry> version(AdapterName name, VersionId id) {
        return adapterState(name).flatMap(adapter -> adapter.version(id));
    }

    @Override
    public VersionEntry resolve(AdapterName name, String revision) {
        AdapterState adapter = existing(name.toString());
        AdapterEntry entry = adapter.entry();
        return Revisions.find(entry, revision, adapter::version, adapter::latest)
                .orElseThrow(() -> Revisions.unknown(entry, revision));
    }

    @Override
    public Optional<VersionEntry> latest(AdapterName name) {
        return adapterState(name).flatMap(AdapterState::latest);
    }

    @Override
    public Optional<VersionId> previousChampion(AdapterName name) {
        return adapterState(name).flatMap(AdapterState::previousChampion);
    }

    @Override
    public List<AdapterHead> history(AdapterName name) {
        return adapterState(name).map(a -> a.history().values()).orElse(List.of());
    }

    @Override
    public List<RegistryChange> changesAfter(long after, int limit) {
        int from = changes.countUpTo(after);
        return List.copyOf(changes.values().subList(from, Math.min(changes.size(), from + limit)));
    }

    @Override
    public Optional<RecipeEntry> recipe(AdapterName name) {
        return recipes.get(name.toString()).flatMap(PersistentMap::last);
    }

    @Override
    public List<RecipeEntry> recipes() {
        return recipes.values().stream().map(r -> r.last().orElseThrow()).toList();
    }

    @Override
    public Optional<BaseEntry> base(Digest id) {
        return bases.get(id).map(RegisteredBase::entry);
    }

    @Override
    public List<BaseEntry> bases() {
        return bases.values().stream().map(RegisteredBase::entry).toList();
    }

    @Override
    public RegistryView at(long then) {
        if (then > offset) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    "the registry is at offset " + offset + "; ask with at= up to that, or wait for " + then);
        }
        return then == offset ? this : new PastView(this, then);
    }

    @Override
    public RegistryView at(Instant then) {
        if (!then.isBefore(time)) {
            return this;
        }
        int low = 0;
        int high = changes.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (changes.at(middle).at().isAfter(then)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return new PastView(this, low == 0 ? -1 : changes.keyAt(low - 1));
    }

    Optional<AdapterState> adapterState(AdapterName name) {
        return adapters.get(name.toString());
    }

    /** @throws MillraceException {@code unknown_adapter} */
    AdapterState existing(String name) {
        return adapters.get(AdapterName.parse(name).toString())
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_ADAPTER,
                        "there is no adapter " + name + "; `adapters list` shows those there are"));
    }

    /** Recipes with a part of this adapter whose revision passes. */
    List<String> recipesNaming(AdapterName adapter, Predicate<String> revision) {
        return recipes().stream()
                .filter(r ->
                        r.parts().stream().anyMatch(p -> p.adapter().equals(adapter) && revision.test(p.revision())))
                .map(r -> "recipe " + r.name())
                .toList();
    }

    PersistentMap<String, AdapterState> adapterStates() {
        return adapters;
    }

    PersistentMap<String, PersistentMap<Long, RecipeEntry>> recipeHistories() {
        return recipes;
    }

    PersistentMap<Digest, RegisteredBase> registeredBases() {
        return bases;
    }

    CommandMemory commands() {
        return commands;
    }

    PersistentMap<Long, RegistryChange> changes() {
        return changes;
    }

    RegistryState withAdapter(AdapterState adapter) {
        return new RegistryState(
                offset,
                time,
                adapters.put(adapter.name().toString(), adapter),
                recipes,
                bases,
                commands,
                changes,
                stoppedAt);
    }

    RegistryState withRecipe(long at, RecipeEntry recipe) {
        String name = recipe.name().toString();
        PersistentMap<Long, RecipeEntry> history =
                recipes.get(name).orElse(PersistentMap.empty()).put(at, recipe);
        return new RegistryState(
                offset, time, adapters, recipes.put(name, history), bases, commands, changes, stoppedAt);
    }

    RegistryState withBase(long at, BaseEntry base) {
        return new RegistryState(
                offset,
                time,
                adapters,
                recipes,
                bases.put(base.id(), new RegisteredBase(at, base)),
                commands,
                changes,
                stoppedAt);
    }

    RegistryState passed(long at, Instant timestamp) {
        return new RegistryState(
                at, timestamp.isAfter(time) ? timestamp : time, adapters, recipes, bases, commands, changes, stoppedAt);
    }

    RegistryState stopped(long at) {
        return new RegistryState(offset, time, adapters, recipes, bases, commands, changes, OptionalLong.of(at));
    }

    RegistryState remembering(String commandId, CommandOutcome outcome) {
        return new RegistryState(
                offset, time, adapters, recipes, bases, commands.with(commandId, outcome), changes, stoppedAt);
    }

    RegistryState withChange(RegistryChange change) {
        return new RegistryState(
                offset, time, adapters, recipes, bases, commands, changes.put(change.offset(), change), stoppedAt);
    }
}
