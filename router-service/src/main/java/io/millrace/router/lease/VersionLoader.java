package io.millrace.router.lease;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.registry.VersionEntry;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Reads a version's weights and checks the whole chain: the id is the manifest's, the manifest's digests are those of
 * the files, each file has its digest, and the weights fit the base.
 */
public final class VersionLoader implements Function<VersionEntry, AdapterWeights> {
    private final Function<Digest, byte[]> blobs;
    private final Supplier<BaseDescription> base;

    /**
     * @param blobs gives a blob's content, verified against its digest
     * @param base that the weights must fit
     */
    public VersionLoader(Function<Digest, byte[]> blobs, Supplier<BaseDescription> base) {
        this.blobs = blobs;
        this.base = base;
    }

    /**
     * @throws MillraceException {@code digest_mismatch}, {@code invalid_adapter}, {@code wrong_base},
     *     {@code unknown_blob}, {@code store_unavailable}
     */
    @Override
    public AdapterWeights apply(VersionEntry version) {
        BaseDescription description = base.get();
        if (!VersionId.of(version.manifest()).equals(version.id())) {
            throw mismatch(version, "its id isn't that of its manifest " + version.manifest());
        }
        Map<String, byte[]> files = new TreeMap<>();
        for (VersionEntry.FileEntry file : version.files()) {
            if (!file.name().equals(Manifest.FILE)) {
                files.put(file.name(), blobs.apply(file.sha256()));
            }
        }
        byte[] content = blobs.apply(version.manifest());
        Manifest manifest = Manifest.parse(content);
        if (!manifest.adapter().equals(version.adapter())) {
            throw mismatch(version, "its manifest is that of " + manifest.adapter());
        }
        files.put(Manifest.FILE, content);
        return PeftDirectory.read(files, description);
    }

    private static MillraceException mismatch(VersionEntry version, String what) {
        return new MillraceException(
                ErrorCode.DIGEST_MISMATCH,
                version.adapter() + " " + version.ordinalName() + " isn't what it says it is: " + what
                        + "; publish it again");
    }
}
