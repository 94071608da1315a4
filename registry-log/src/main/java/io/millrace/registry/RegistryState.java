package io.millrace.registry;

import com.google.protobuf.InvalidProtocolBufferException;
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

    private static final int MAX_COMMAND_ID = 200;
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
        try {
            return step(at, timestamp, RegistryRecord.parseFrom(value));
        } catch (InvalidProtocolBufferException e) {
            return at <= offset || stoppedAt.isPresent()
                    ? new Step(this, known(at), false, Optional.empty())
                    : new Step(
                            passed(at, timestamp),
                            refused(
                                    at,
                                    ErrorCode.BAD_REQUEST,
                                    "the record at offset " + at + " is no registry command"),
                            false,
                            Optional.empty());
        }
    }

    /**
     * The state after the record. A record that was passed before changes nothing; so does one whose command was seen;
     * one of a newer fold version stops the fold before it, for good.
     *
     * @param at the record's offset
     * @param timestamp the broker's
     */
    public Step step(long at, Instant timestamp, RegistryRecord command) {
        if (at <= offset || stoppedAt.isPresent()) {
            return new Step(this, known(at), false, Optional.empty());
        }
        if (Integer.compareUnsigned(command.getFoldVersion(), FOLD_VERSION) > 0) {
            return new Step(stopped(at), newer(at), false, Optional.empty());
        }
        RegistryState passed = passed(at, timestamp);
        String id = command.getCommandId();
        if (id.isEmpty() || id.length() > MAX_COMMAND_ID) {
            return new Step(
                    passed,
                    refused(at, ErrorCode.BAD_REQUEST, "a command needs a command_id of 1 to 200 characters"),
                    false,
                    Optional.empty());
        }
        Optional<CommandOutcome> before = commands.outcome(id);
        if (before.isPresent()) {
            return new Step(passed, before.get(), false, Optional.of(id));
        }
        return passed.execute(new Moment(at, passed.time), command);
    }

    private Step execute(Moment moment, RegistryRecord command) {
        Change change = Change.none(this, "");
        Optional<ErrorCode> error = Optional.empty();
        try {
            change = dispatch(moment, command);
        } catch (MillraceException e) {
            error = Optional.of(e.code());
            change = Change.none(this, e.getMessage());
        } catch (RuntimeException e) {
            error = Optional.of(ErrorCode.INTERNAL);
            change = Change.none(this, "the fold failed on it: " + e);
        }
        CommandOutcome outcome = new CommandOutcome(moment.offset(), error, change.detail());
        return new Step(
                change.state().remembering(command, outcome, moment, change.changed()),
                outcome,
                change.changed(),
                Optional.of(command.getCommandId()));
    }

    private Change dispatch(Moment moment, RegistryRecord record) {
        return switch (record.getCommandCase()) {
            case PUBLISH_VERSION -> PublishCommand.apply(this, moment, record.getPublishVersion());
            case MOVE_ALIAS -> AliasCommands.move(this, moment, record.getMoveAlias());
            case DELETE_ALIAS -> AliasCommands.delete(this, moment, record.getDeleteAlias());
            case ROLLBACK_CHAMPION -> AliasCommands.rollback(this, moment, record.getRollbackChampion());
            case RETIRE_VERSION -> AliasCommands.retire(this, moment, record.getRetireVersion());
            case PUT_ADAPTER -> SettingsCommands.put(this, moment, record.getPutAdapter());
            case SET_HOLD -> SettingsCommands.hold(this, moment, record.getSetHold());
            case SET_PAUSED -> SettingsCommands.pause(this, moment, record.getSetPaused());
            case REGISTER_BASE -> CatalogueCommands.registerBase(this, moment, record.getRegisterBase());
            case PUT_RECIPE -> CatalogueCommands.putRecipe(this, moment, record.getPutRecipe());
            case COMMAND_NOT_SET -> throw new MillraceException(ErrorCode.BAD_REQUEST, "the record holds no command");
        };
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

    private RegistryState passed(long at, Instant timestamp) {
        return new RegistryState(
                at, timestamp.isAfter(time) ? timestamp : time, adapters, recipes, bases, commands, changes, stoppedAt);
    }

    private RegistryState stopped(long at) {
        return new RegistryState(offset, time, adapters, recipes, bases, commands, changes, OptionalLong.of(at));
    }

    private RegistryState remembering(RegistryRecord command, CommandOutcome outcome, Moment moment, boolean changed) {
        return new RegistryState(
                offset,
                time,
                adapters,
                recipes,
                bases,
                commands.with(command.getCommandId(), outcome),
                changed ? changes.put(moment.offset(), changeOf(command, outcome, moment)) : changes,
                stoppedAt);
    }

    private static RegistryChange changeOf(RegistryRecord command, CommandOutcome outcome, Moment moment) {
        RegistryChange.Kind kind =
                switch (command.getCommandCase()) {
                    case PUT_RECIPE -> RegistryChange.Kind.RECIPE;
                    case REGISTER_BASE -> RegistryChange.Kind.BASE;
                    default -> RegistryChange.Kind.ADAPTER;
                };
        return new RegistryChange(moment.offset(), moment.at(), kind, subject(command), outcome.detail());
    }

    /** The adapter, recipe or base that a command is about: its record's key. */
    static String subject(RegistryRecord command) {
        return switch (command.getCommandCase()) {
            case PUBLISH_VERSION -> command.getPublishVersion().getAdapter();
            case MOVE_ALIAS -> command.getMoveAlias().getAdapter();
            case DELETE_ALIAS -> command.getDeleteAlias().getAdapter();
            case PUT_ADAPTER -> command.getPutAdapter().getAdapter();
            case RETIRE_VERSION -> command.getRetireVersion().getAdapter();
            case REGISTER_BASE -> command.getRegisterBase().getName();
            case PUT_RECIPE -> command.getPutRecipe().getName();
            case SET_HOLD -> command.getSetHold().getAdapter();
            case SET_PAUSED -> command.getSetPaused().getAdapter();
            case ROLLBACK_CHAMPION -> command.getRollbackChampion().getAdapter();
            case COMMAND_NOT_SET -> "";
        };
    }

    private CommandOutcome known(long at) {
        return stoppedAt.isPresent() && at > offset
                ? newer(stoppedAt.getAsLong())
                : new CommandOutcome(at, Optional.empty(), "passed before");
    }

    private static CommandOutcome newer(long at) {
        return refused(
                at,
                ErrorCode.NOT_READY,
                "the record at offset " + at + " needs a newer Millrace than this one; upgrade this node");
    }

    private static CommandOutcome refused(long at, ErrorCode code, String detail) {
        return new CommandOutcome(at, Optional.of(code), detail);
    }
}
