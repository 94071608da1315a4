package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.proto.internal.RegistryRecord;
import java.time.Instant;
import java.util.Optional;

/** A fold that a test feeds record by record, each a second after the one before. */
final class Fold {
    static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

    private RegistryState state = RegistryState.empty();
    private int commands;

    RegistryState state() {
        return state;
    }

    String nextId() {
        return "command-" + commands++;
    }

    CommandOutcome apply(RegistryRecord record) {
        return take(state.step(state.offset() + 1, timeOf(state.offset() + 1), record));
    }

    CommandOutcome applyBytes(byte[] bytes) {
        return take(state.step(state.offset() + 1, timeOf(state.offset() + 1), bytes));
    }

    static Instant timeOf(long offset) {
        return START.plusSeconds(offset);
    }

    Optional<ErrorCode> error(RegistryRecord record) {
        return apply(record).error();
    }

    AdapterEntry adapter(String name) {
        return state.adapter(AdapterName.parse(name)).orElseThrow();
    }

    VersionEntry resolve(String name, String revision) {
        return state.resolve(AdapterName.parse(name), revision);
    }

    private CommandOutcome take(RegistryState.Step step) {
        state = step.state();
        return step.outcome();
    }
}
