package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import java.util.Optional;

/** Adds a version to its adapter and, where the gate says so and the champion is the expected one, promotes it. */
final class PublishCommand {
    private PublishCommand() {}

    static Change apply(RegistryState state, Moment moment, PublishVersion command) {
        AdapterName name = AdapterName.parse(command.getAdapter());
        AdapterState adapter = state.adapterState(name).orElseGet(() -> AdapterState.create(name, moment));
        VersionId id = VersionCodec.versionId("version_id", command.getVersionId());
        Optional<VersionEntry> known = adapter.version(id);
        if (known.isPresent()) {
            return Change.none(
                    state,
                    known.get().ordinalName() + " was published at offset "
                            + known.get().offset());
        }
        Verdict verdict = verdict(adapter, command.getPromotion());
        VersionEntry version = VersionCodec.entry(command, adapter.versions().size() + 1, verdict.reason(), moment);
        checkShape(adapter, version);

        AdapterHead head = adapter.head().withBase(adapter.head().baseId().orElse(version.baseId()));
        if (version.ordinal() == 1) {
            head = head.withSettings(head.explicitSettings(), SettingsCommands.fixed(head.settings(), version));
        }
        AdapterState published = adapter.withVersion(version);
        if (verdict.promote()) {
            published = adapter.champion().map(published::pushChampion).orElse(published);
            head = head.withAlias(AdapterEntry.CHAMPION, id);
        }
        published = published.withHead(
                moment,
                head,
                "published " + version.ordinalName() + (verdict.promote() ? ", promoted" : ", not promoted"));
        return Change.to(
                state.withAdapter(published),
                version.ordinalName() + " of " + name + " published; "
                        + (verdict.promote() ? "promoted" : "not promoted") + ": " + verdict.reason());
    }

    private record Verdict(boolean promote, String reason) {}

    private static Verdict verdict(AdapterState adapter, Promotion promotion) {
        if (adapter.head().hold()) {
            return new Verdict(false, "held: automatic promotion is on hold until released");
        }
        if (adapter.versions().isEmpty() && adapter.champion().isEmpty()) {
            return new Verdict(true, promotion.getReason().isEmpty() ? "first version" : promotion.getReason());
        }
        if (!promotion.getPromote()) {
            return new Verdict(false, promotion.getReason());
        }
        String champion = adapter.champion().map(VersionId::hex).orElse("");
        return champion.equals(promotion.getExpectedChampion())
                ? new Verdict(true, promotion.getReason())
                : new Verdict(
                        false,
                        "champion_moved: compared with " + orNone(promotion.getExpectedChampion()) + ", champion is "
                                + orNone(champion));
    }

    private static String orNone(String id) {
        return id.isEmpty() ? "none" : id;
    }

    /** Rank, targets and base stay those of the parent, or of the adapter where a version names no parent. */
    private static void checkShape(AdapterState adapter, VersionEntry version) {
        Optional<VersionEntry> like = version.parent().map(parent -> adapter.version(parent)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_REVISION,
                        "the parent " + parent + " is no version of " + adapter.name() + "; publish it first")));
        version.rebuiltFrom().filter(old -> adapter.version(old).isEmpty()).ifPresent(old -> {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_REVISION, "rebuilt from " + old + ", which is no version of " + adapter.name());
        });
        if (like.isEmpty() && version.rebuiltFrom().isEmpty()) {
            like = adapter.versions().last();
        }
        if (like.isPresent()) {
            checkShape(like.get(), version);
        } else if (version.rebuiltFrom().isEmpty()) {
            adapter.head().baseId().filter(b -> !b.equals(version.baseId())).ifPresent(b -> {
                throw wrongBase(version, b);
            });
        }
    }

    private static void checkShape(VersionEntry like, VersionEntry version) {
        if (!like.baseId().equals(version.baseId())) {
            throw wrongBase(version, like.baseId());
        }
        if (like.rank() != version.rank()
                || like.alpha() != version.alpha()
                || !like.targetModules().equals(version.targetModules())) {
            throw new MillraceException(
                    ErrorCode.IMMUTABLE_SETTING,
                    "the version has rank " + version.rank() + ", alpha " + version.alpha() + ", targets "
                            + version.targetModules() + "; " + version.adapter() + " has rank " + like.rank()
                            + ", alpha " + like.alpha() + ", targets " + like.targetModules()
                            + ": publish it under another name, or `rebuild --set`");
        }
    }

    private static MillraceException wrongBase(VersionEntry version, String base) {
        return new MillraceException(
                ErrorCode.WRONG_BASE,
                "the version is for base " + version.baseId() + ", adapter " + version.adapter() + " for base " + base
                        + ": publish it under another name");
    }
}
