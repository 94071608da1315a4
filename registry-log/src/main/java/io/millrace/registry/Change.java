package io.millrace.registry;

/**
 * What a command made of the state.
 *
 * @param detail one line on what changed
 * @param changed whether anything did
 */
record Change(RegistryState state, String detail, boolean changed) {

    static Change to(RegistryState state, String detail) {
        return new Change(state, detail, true);
    }

    static Change none(RegistryState state, String detail) {
        return new Change(state, detail, false);
    }
}
