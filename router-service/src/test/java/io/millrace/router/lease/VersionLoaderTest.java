package io.millrace.router.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.LoraPair;
import io.millrace.core.MillraceException;
import io.millrace.core.ModuleShape;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.registry.VersionEntry;
import io.millrace.store.BlobStore;
import io.millrace.store.MemoryBlobStore;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is loaded for a version is what its id names, or nothing. */
class VersionLoaderTest {
    private static final AdapterName NAME = AdapterName.parse("a/b");

    @TempDir
    static Path bases;

    private static BaseDescription base;

    private final BlobStore store = new MemoryBlobStore();
    private final VersionLoader loader = new VersionLoader(store::get, () -> base);
    private final PeftDirectory.Version version = version(NAME, 0.5f);
    private final PeftDirectory.Version another = version(NAME, 0.25f);

    @BeforeAll
    static void open() {
        try (Base nano = new BaseStore(bases).open("nano")) {
            base = nano.description();
        }
    }

    private static PeftDirectory.Version version(AdapterName name, float value) {
        return PeftDirectory.version(name, base, weights(value), PeftDirectory.Lineage.none());
    }

    private static AdapterWeights weights(float value) {
        Map<String, LoraPair> modules = new TreeMap<>();
        for (ModuleShape module : base.linearModules()) {
            if (module.suffix().equals("q_proj")) {
                float[] a = new float[2 * module.in()];
                a[0] = value;
                modules.put(module.path(), new LoraPair(2, module.in(), module.out(), a, new float[module.out() * 2]));
            }
        }
        return AdapterWeights.of(LoraConfig.of(2, 4, 0, Set.of("q_proj")), modules);
    }

    private List<VersionEntry.FileEntry> stored(PeftDirectory.Version of) {
        List<VersionEntry.FileEntry> files = new ArrayList<>();
        of.files()
                .forEach((name, content) ->
                        files.add(new VersionEntry.FileEntry(name, store.put(content), content.length)));
        return files;
    }

    /** As the registry might name it. */
    private static VersionEntry entry(VersionId id, Digest manifest, List<VersionEntry.FileEntry> files) {
        return new VersionEntry(
                NAME,
                id,
                1,
                manifest,
                base.id().hex(),
                Optional.empty(),
                Optional.empty(),
                files,
                2,
                4,
                List.of("q_proj"),
                0,
                0,
                new VersionEntry.Evaluation(0, Double.NaN, Double.NaN, Double.NaN, Double.NaN, List.of(), 0, 0, 0),
                Optional.empty(),
                "",
                false,
                Instant.EPOCH,
                0);
    }

    private void assertRefused(VersionEntry entry, ErrorCode code) {
        assertThatThrownBy(() -> loader.apply(entry))
                .isInstanceOfSatisfying(
                        MillraceException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void loadsWhatTheIdNames() {
        VersionEntry entry = entry(version.id(), version.manifest().digest(), stored(version));

        AdapterWeights loaded = loader.apply(entry);

        String module = loaded.modules().keySet().iterator().next();
        assertThat(loaded.modules().get(module).a())
                .isEqualTo(weights(0.5f).modules().get(module).a());
    }

    @Test
    void refusesAnIdThatIsNotTheManifests() {
        stored(another);

        assertRefused(entry(another.id(), version.manifest().digest(), stored(version)), ErrorCode.DIGEST_MISMATCH);
    }

    @Test
    void refusesAnotherAdaptersManifest() {
        PeftDirectory.Version foreign = version(AdapterName.parse("a/foreign"), 0.5f);

        assertRefused(entry(foreign.id(), foreign.manifest().digest(), stored(foreign)), ErrorCode.DIGEST_MISMATCH);
    }

    @Test
    void refusesFilesThatTheManifestDoesNotName() {
        List<VersionEntry.FileEntry> files = new ArrayList<>(stored(version));
        stored(another).stream()
                .filter(f -> f.name().equals(PeftDirectory.WEIGHTS))
                .forEach(other -> files.replaceAll(f -> f.name().equals(other.name()) ? other : f));

        assertRefused(entry(version.id(), version.manifest().digest(), files), ErrorCode.INVALID_ADAPTER);
    }

    @Test
    void refusesToGoWithoutTheManifestsOwnBlob() {
        List<VersionEntry.FileEntry> files = stored(version);
        store.delete(version.manifest().digest());

        assertRefused(entry(version.id(), version.manifest().digest(), files), ErrorCode.UNKNOWN_BLOB);
    }
}
