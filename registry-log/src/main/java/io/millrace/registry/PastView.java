package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The registry as it was at an earlier offset, answered from the histories that the state keeps. */
final class PastView implements RegistryView {
    private final RegistryState now;
    private final long offset;

    PastView(RegistryState now, long offset) {
        this.now = now;
        this.offset = offset;
    }

    @Override
    public long offset() {
        return offset;
    }

    @Override
    public Optional<AdapterEntry> adapter(AdapterName name) {
        return now.adapterState(name).flatMap(a -> a.entryAt(offset));
    }

    @Override
    public List<AdapterEntry> adapters() {
        return now.adapterStates().values().stream()
                .flatMap(a -> a.entryAt(offset).stream())
                .toList();
    }

    @Override
    public Optional<VersionEntry> version(AdapterName name, VersionId id) {
        return adapter(name).flatMap(a -> byId(a, id));
    }

    @Override
    public VersionEntry resolve(AdapterName name, String revision) {
        AdapterEntry adapter = adapter(name)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_ADAPTER, "there was no adapter " + name + " at offset " + offset));
        return Revisions.find(adapter, revision, id -> byId(adapter, id), () -> latest(name))
                .orElseThrow(() -> Revisions.unknown(adapter, revision));
    }

    @Override
    public Optional<VersionEntry> latest(AdapterName name) {
        return adapter(name).stream()
                .flatMap(a -> a.versions().stream())
                .filter(v -> !v.retired())
                .reduce((earlier, later) -> later);
    }

    @Override
    public Optional<VersionId> previousChampion(AdapterName name) {
        return Optional.empty();
    }

    @Override
    public List<AdapterHead> history(AdapterName name) {
        return now.history(name).stream().takeWhile(h -> h.offset() <= offset).toList();
    }

    @Override
    public List<RegistryChange> changesAfter(long after, int limit) {
        return now.changesAfter(after, limit).stream()
                .takeWhile(c -> c.offset() <= offset)
                .toList();
    }

    @Override
    public Optional<RecipeEntry> recipe(AdapterName name) {
        return now.recipeHistories().get(name.toString()).flatMap(h -> h.floor(offset));
    }

    @Override
    public List<RecipeEntry> recipes() {
        return now.recipeHistories().values().stream()
                .flatMap(h -> h.floor(offset).stream())
                .toList();
    }

    @Override
    public Optional<BaseEntry> base(Digest id) {
        return now.registeredBases().get(id).filter(b -> b.offset() <= offset).map(RegistryState.RegisteredBase::entry);
    }

    @Override
    public List<BaseEntry> bases() {
        return now.registeredBases().values().stream()
                .filter(b -> b.offset() <= offset)
                .map(RegistryState.RegisteredBase::entry)
                .toList();
    }

    @Override
    public RegistryView at(long then) {
        return now.at(Math.min(then, offset));
    }

    @Override
    public RegistryView at(Instant then) {
        RegistryView past = now.at(then);
        return past.offset() < offset ? past : this;
    }

    private static Optional<VersionEntry> byId(AdapterEntry adapter, VersionId id) {
        return adapter.versions().stream().filter(v -> v.id().equals(id)).findFirst();
    }
}
