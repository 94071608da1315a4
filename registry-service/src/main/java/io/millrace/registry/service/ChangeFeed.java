package io.millrace.registry.service;

import io.millrace.registry.RegistryChange;
import io.millrace.registry.RegistryView;
import java.util.List;
import java.util.function.Consumer;

/** Hands each change to one consumer once and in order, whoever brings the view. */
final class ChangeFeed {
    private static final int BATCH = 500;

    private final Consumer<RegistryChange> consumer;
    private long passed;

    /** @param passed the last offset that isn't handed over */
    ChangeFeed(long passed, Consumer<RegistryChange> consumer) {
        this.passed = passed;
        this.consumer = consumer;
    }

    synchronized void drain(RegistryView view) {
        for (List<RegistryChange> changes = view.changesAfter(passed, BATCH);
                !changes.isEmpty();
                changes = view.changesAfter(passed, BATCH)) {
            for (RegistryChange change : changes) {
                passed = change.offset();
                consumer.accept(change);
            }
        }
    }
}
