package io.millrace.registry;

import com.google.protobuf.InvalidProtocolBufferException;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.RegistryState.Step;
import java.time.Instant;
import java.util.Optional;

/** One record's step from a state to the next: which records count, and which command does what. */
final class RegistryFold {
    private static final int MAX_COMMAND_ID = 200;

    private RegistryFold() {}

    static Step step(RegistryState state, long at, Instant timestamp, byte[] value) {
        try {
            return step(state, at, timestamp, RegistryRecord.parseFrom(value));
        } catch (InvalidProtocolBufferException e) {
            return isOver(state, at)
                    ? unchanged(state, known(state, at))
                    : unchanged(
                            state.passed(at, timestamp),
                            refused(
                                    at,
                                    ErrorCode.BAD_REQUEST,
                                    "the record at offset " + at + " is no registry command"));
        }
    }

    static Step step(RegistryState state, long at, Instant timestamp, RegistryRecord command) {
        if (isOver(state, at)) {
            return unchanged(state, known(state, at));
        }
        if (Integer.compareUnsigned(command.getFoldVersion(), RegistryState.FOLD_VERSION) > 0) {
            return unchanged(state.stopped(at), newer(at));
        }
        RegistryState passed = state.passed(at, timestamp);
        String id = command.getCommandId();
        if (id.isEmpty() || id.length() > MAX_COMMAND_ID) {
            return unchanged(
                    passed, refused(at, ErrorCode.BAD_REQUEST, "a command needs a command_id of 1 to 200 characters"));
        }
        Optional<CommandOutcome> before = passed.outcome(id);
        if (before.isPresent()) {
            return new Step(passed, before.get(), false, Optional.of(id));
        }
        return execute(passed, new Moment(at, passed.time()), command);
    }

    private static Step execute(RegistryState state, Moment moment, RegistryRecord command) {
        Change change;
        Optional<ErrorCode> error = Optional.empty();
        try {
            change = dispatch(state, moment, command);
        } catch (MillraceException e) {
            error = Optional.of(e.code());
            change = Change.none(state, e.getMessage());
        } catch (RuntimeException e) {
            error = Optional.of(ErrorCode.INTERNAL);
            change = Change.none(state, "the fold failed on it: " + e);
        }
        CommandOutcome outcome = new CommandOutcome(moment.offset(), error, change.detail());
        RegistryState after = change.state().remembering(command.getCommandId(), outcome);
        return new Step(
                change.changed() ? after.withChange(changeOf(command, outcome, moment)) : after,
                outcome,
                change.changed(),
                Optional.of(command.getCommandId()));
    }

    private static Change dispatch(RegistryState state, Moment moment, RegistryRecord record) {
        return switch (record.getCommandCase()) {
            case PUBLISH_VERSION -> PublishCommand.apply(state, moment, record.getPublishVersion());
            case MOVE_ALIAS -> AliasCommands.move(state, moment, record.getMoveAlias());
            case DELETE_ALIAS -> AliasCommands.delete(state, moment, record.getDeleteAlias());
            case ROLLBACK_CHAMPION -> AliasCommands.rollback(state, moment, record.getRollbackChampion());
            case RETIRE_VERSION -> AliasCommands.retire(state, moment, record.getRetireVersion());
            case PUT_ADAPTER -> SettingsCommands.put(state, moment, record.getPutAdapter());
            case SET_HOLD -> SettingsCommands.hold(state, moment, record.getSetHold());
            case SET_PAUSED -> SettingsCommands.pause(state, moment, record.getSetPaused());
            case REGISTER_BASE -> CatalogueCommands.registerBase(state, moment, record.getRegisterBase());
            case PUT_RECIPE -> CatalogueCommands.putRecipe(state, moment, record.getPutRecipe());
            case COMMAND_NOT_SET -> throw new MillraceException(ErrorCode.BAD_REQUEST, "the record holds no command");
        };
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

    /** Whether a record changes nothing: it was passed before, or the fold has stopped. */
    private static boolean isOver(RegistryState state, long at) {
        return at <= state.offset() || state.stoppedAt().isPresent();
    }

    private static CommandOutcome known(RegistryState state, long at) {
        return state.stoppedAt().isPresent() && at > state.offset()
                ? newer(state.stoppedAt().getAsLong())
                : new CommandOutcome(at, Optional.empty(), "passed before");
    }

    private static Step unchanged(RegistryState state, CommandOutcome outcome) {
        return new Step(state, outcome, false, Optional.empty());
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
