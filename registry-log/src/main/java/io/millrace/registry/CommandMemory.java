package io.millrace.registry;

import java.util.Optional;

/**
 * The last commands with their outcomes, so that a resent one changes nothing. Bounded by count, never by clock: every
 * node forgets the same ones.
 */
record CommandMemory(PersistentMap<String, CommandOutcome> outcomes, PersistentMap<Long, String> order) {
    /** How many command ids are remembered. */
    static final int CAPACITY = 100_000;

    static CommandMemory empty() {
        return new CommandMemory(PersistentMap.empty(), PersistentMap.empty());
    }

    Optional<CommandOutcome> outcome(String commandId) {
        return outcomes.get(commandId);
    }

    CommandMemory with(String commandId, CommandOutcome outcome) {
        PersistentMap<String, CommandOutcome> known = outcomes.put(commandId, outcome);
        PersistentMap<Long, String> since = order.put(outcome.offset(), commandId);
        if (since.size() > CAPACITY) {
            known = known.remove(since.at(0));
            since = since.remove(since.keyAt(0));
        }
        return new CommandMemory(known, since);
    }
}
