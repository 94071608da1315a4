package io.millrace.registry.service.hub;

import io.millrace.core.AdapterName;
import io.millrace.core.MillraceException;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A repository as the hub's clients name it: an adapter, or one version of it.
 *
 * @param pinned the version that an id as {@code ns/name.v42} is pinned to, as {@code v42}
 */
record HubRepo(AdapterName adapter, Optional<String> pinned) {
    private static final Pattern PINNED = Pattern.compile("(.+)\\.(v[0-9]+)");
    private static final String MAIN = "main";

    /** @throws HubNotFound where there is no such adapter or version */
    static HubRepo find(RegistryView view, String namespace, String name) {
        Matcher matcher = PINNED.matcher(name);
        boolean isPinned = matcher.matches();
        HubRepo repo;
        try {
            repo = new HubRepo(
                    new AdapterName(namespace, isPinned ? matcher.group(1) : name),
                    isPinned ? Optional.of(matcher.group(2)) : Optional.empty());
        } catch (MillraceException e) {
            throw HubNotFound.repo(namespace + "/" + name, e);
        }
        if (view.adapter(repo.adapter()).isEmpty()) {
            throw HubNotFound.repo(repo.id(), null);
        }
        if (repo.pinned().isPresent()) {
            try {
                view.resolve(repo.adapter(), repo.pinned().get());
            } catch (MillraceException e) {
                throw HubNotFound.repo(repo.id(), e);
            }
        }
        return repo;
    }

    String id() {
        return adapter + pinned.map(p -> "." + p).orElse("");
    }

    /** @throws HubNotFound where the revision names no version, or another one than the id is pinned to */
    VersionEntry version(RegistryView view, String revision) {
        try {
            if (pinned.isEmpty()) {
                return view.resolve(adapter, revision);
            }
            VersionEntry version = view.resolve(adapter, pinned.get());
            if (!revision.equals(MAIN) && !view.resolve(adapter, revision).id().equals(version.id())) {
                throw HubNotFound.revision(id(), revision, null);
            }
            return version;
        } catch (MillraceException e) {
            throw HubNotFound.revision(id(), revision, e);
        }
    }
}
