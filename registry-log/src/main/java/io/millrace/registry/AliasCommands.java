package io.millrace.registry;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.DeleteAlias;
import io.millrace.proto.internal.MoveAlias;
import io.millrace.proto.internal.RetireVersion;
import io.millrace.proto.internal.RollbackChampion;
import java.util.List;
import java.util.Optional;

/** What moves, removes and relies on aliases: all by compare-and-set. */
final class AliasCommands {
    private AliasCommands() {}

    static Change move(RegistryState state, Moment moment, MoveAlias command) {
        AdapterState adapter = state.existing(command.getAdapter());
        String alias = Revisions.checkAlias(command.getAlias());
        VersionEntry target = adapter.usable(VersionCodec.versionId("target_version_id", command.getTargetVersionId()));
        Optional<VersionId> expected = VersionCodec.optionalId("expected_version_id", command.getExpectedVersionId());
        if (!command.getUnconditional()) {
            compare(adapter, alias, expected);
        }
        Optional<VersionId> now = Optional.ofNullable(adapter.head().aliases().get(alias));
        String detail = alias + " of " + adapter.name() + " names " + target.ordinalName();
        if (now.equals(Optional.of(target.id()))) {
            return Change.none(state, detail);
        }
        AdapterState moved = alias.equals(AdapterEntry.CHAMPION)
                ? now.map(adapter::pushChampion).orElse(adapter)
                : adapter;
        return Change.to(
                state.withAdapter(moved.withHead(moment, adapter.head().withAlias(alias, target.id()), detail)),
                detail);
    }

    static Change delete(RegistryState state, Moment moment, DeleteAlias command) {
        AdapterState adapter = state.existing(command.getAdapter());
        String alias = Revisions.checkAlias(command.getAlias());
        VersionId now = Optional.ofNullable(adapter.head().aliases().get(alias))
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_REVISION,
                        "adapter " + adapter.name() + " has no alias '" + alias + "'; there is nothing to delete"));
        compare(
                adapter,
                alias,
                Optional.of(VersionCodec.versionId("expected_version_id", command.getExpectedVersionId())));
        refuse(
                state.recipesNaming(adapter.name(), part -> part.equals(alias)),
                "alias " + alias + " of " + adapter.name());
        AdapterState left = alias.equals(AdapterEntry.CHAMPION) ? adapter.pushChampion(now) : adapter;
        String detail = alias + " of " + adapter.name() + " deleted";
        return Change.to(state.withAdapter(left.withHead(moment, adapter.head().withoutAlias(alias), detail)), detail);
    }

    /** To what champion named before its last promotion; retired versions are passed over. */
    static Change rollback(RegistryState state, Moment moment, RollbackChampion command) {
        AdapterState adapter = state.existing(command.getAdapter());
        compare(
                adapter,
                AdapterEntry.CHAMPION,
                VersionCodec.optionalId("expected_version_id", command.getExpectedVersionId()));
        AdapterState back = adapter;
        while (!back.earlierChampions().isEmpty()) {
            VersionEntry earlier = adapter.version(
                            back.earlierChampions().last().orElseThrow())
                    .orElseThrow();
            back = back.popChampion();
            if (!earlier.retired() && !adapter.champion().equals(Optional.of(earlier.id()))) {
                String detail = "champion of " + adapter.name() + " rolled back to " + earlier.ordinalName()
                        + "; automatic promotion is on hold"
                        + (command.getReason().isEmpty() ? "" : "; " + command.getReason());
                return Change.to(
                        state.withAdapter(back.withHead(
                                moment,
                                adapter.head()
                                        .withAlias(AdapterEntry.CHAMPION, earlier.id())
                                        .withHold(true),
                                detail)),
                        detail);
            }
        }
        throw new MillraceException(
                ErrorCode.NO_EARLIER_CHAMPION,
                "champion of " + adapter.name() + " never named another version that is still there; use `promote`");
    }

    static Change retire(RegistryState state, Moment moment, RetireVersion command) {
        AdapterState adapter = state.existing(command.getAdapter());
        VersionId id = VersionCodec.versionId("version_id", command.getVersionId());
        Optional<VersionEntry> known = adapter.version(id);
        if (known.isPresent() && known.get().retired()) {
            return Change.none(state, known.get().ordinalName() + " was retired before");
        }
        VersionEntry version = adapter.usable(id);
        String what = version.ordinalName() + " of " + adapter.name();
        refuse(adapter.aliasesOf(id).stream().map(a -> "alias " + a).toList(), what);
        refuse(
                state.recipesNaming(
                        adapter.name(), part -> part.equals(id.hex()) || part.equals(version.ordinalName())),
                what);
        String detail = what + " retired";
        return Change.to(
                state.withAdapter(
                        adapter.withRetired(version, moment.offset()).withHead(moment, adapter.head(), detail)),
                detail);
    }

    private static void refuse(List<String> users, String what) {
        if (!users.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.VERSION_IN_USE,
                    what + " is named by " + String.join(", ", users) + "; point that elsewhere first");
        }
    }

    private static void compare(AdapterState adapter, String alias, Optional<VersionId> expected) {
        Optional<VersionId> now = Optional.ofNullable(adapter.head().aliases().get(alias));
        if (!now.equals(expected)) {
            throw new MillraceException(
                    ErrorCode.ALIAS_MOVED,
                    alias + " of " + adapter.name()
                            + now.map(id -> " names " + id).orElse(" doesn't exist") + ", not "
                            + expected.map(VersionId::hex).orElse("absent") + "; read it again and decide anew");
        }
    }
}
