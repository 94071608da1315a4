package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * Everything the fold knows of one adapter. Its versions by ordinal and by id; its heads by offset, the last one being
 * what holds now; where a rollback goes to.
 *
 * @param retired offsets of the records that retired versions
 * @param earlierChampions by depth; the last one is what champion named before its last promotion
 */
record AdapterState(
        AdapterName name,
        Moment created,
        PersistentMap<Integer, VersionEntry> versions,
        PersistentMap<VersionId, Integer> ordinals,
        PersistentMap<VersionId, Long> retired,
        PersistentMap<Long, AdapterHead> history,
        PersistentMap<Integer, VersionId> earlierChampions) {

    static AdapterState create(AdapterName name, Moment moment) {
        return new AdapterState(
                name,
                moment,
                PersistentMap.empty(),
                PersistentMap.empty(),
                PersistentMap.empty(),
                PersistentMap.<Long, AdapterHead>empty().put(moment.offset(), AdapterHead.initial(moment)),
                PersistentMap.empty());
    }

    AdapterHead head() {
        return history.last().orElseThrow();
    }

    Optional<VersionId> champion() {
        return Optional.ofNullable(head().aliases().get(AdapterEntry.CHAMPION));
    }

    Optional<VersionEntry> version(VersionId id) {
        return ordinals.get(id).flatMap(versions::get);
    }

    /** The newest version that isn't retired. */
    Optional<VersionEntry> latest() {
        for (int i = versions.size() - 1; i >= 0; i--) {
            if (!versions.at(i).retired()) {
                return Optional.of(versions.at(i));
            }
        }
        return Optional.empty();
    }

    AdapterEntry entry() {
        return entry(head(), versions.values());
    }

    /** As it was when the fold had passed this offset; empty where it didn't exist yet. */
    Optional<AdapterEntry> entryAt(long offset) {
        return history.floor(offset).map(then -> entry(then, versionsAt(offset)));
    }

    private List<VersionEntry> versionsAt(long offset) {
        return versions.values().stream()
                .takeWhile(v -> v.offset() <= offset)
                .map(v -> v.withRetired(
                        retired.get(v.id()).filter(o -> o <= offset).isPresent()))
                .toList();
    }

    private AdapterEntry entry(AdapterHead as, List<VersionEntry> of) {
        return new AdapterEntry(
                name,
                as.baseId(),
                as.explicitSettings(),
                as.settings(),
                as.aliases(),
                of,
                as.hold(),
                as.paused(),
                created.at());
    }

    /** As a rollback finds it: retired versions are passed over. */
    Optional<VersionId> previousChampion() {
        for (int depth = earlierChampions.size() - 1; depth >= 0; depth--) {
            VersionId id = earlierChampions.get(depth).orElseThrow();
            if (!champion().equals(Optional.of(id))
                    && !version(id).orElseThrow().retired()) {
                return Optional.of(id);
            }
        }
        return Optional.empty();
    }

    AdapterState withHead(Moment moment, AdapterHead changed, String cause) {
        return new AdapterState(
                name,
                created,
                versions,
                ordinals,
                retired,
                history.put(moment.offset(), changed.from(moment, cause)),
                earlierChampions);
    }

    AdapterState withVersion(VersionEntry version) {
        return new AdapterState(
                name,
                created,
                versions.put(version.ordinal(), version),
                ordinals.put(version.id(), version.ordinal()),
                retired,
                history,
                earlierChampions);
    }

    AdapterState withRetired(VersionEntry version, long offset) {
        return new AdapterState(
                name,
                created,
                versions.put(version.ordinal(), version.withRetired(true)),
                ordinals,
                retired.put(version.id(), offset),
                history,
                earlierChampions);
    }

    AdapterState pushChampion(VersionId replaced) {
        return withEarlierChampions(earlierChampions.put(earlierChampions.size(), replaced));
    }

    AdapterState popChampion() {
        return withEarlierChampions(earlierChampions.remove(earlierChampions.size() - 1));
    }

    private AdapterState withEarlierChampions(PersistentMap<Integer, VersionId> champions) {
        return new AdapterState(name, created, versions, ordinals, retired, history, champions);
    }

    /** The version with this id, in a state to be named by an alias. */
    VersionEntry usable(VersionId id) {
        VersionEntry version = version(id)
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.UNKNOWN_REVISION,
                        "adapter " + name + " has no version " + id + "; `adapters versions " + name + "` lists them"));
        if (version.retired()) {
            throw new MillraceException(
                    ErrorCode.VERSION_RETIRED,
                    version.ordinalName() + " of " + name + " is retired; choose another version");
        }
        return version;
    }

    /** Aliases that name the version. */
    List<String> aliasesOf(VersionId id) {
        SortedMap<String, VersionId> aliases = head().aliases();
        return aliases.keySet().stream().filter(a -> aliases.get(a).equals(id)).toList();
    }
}
