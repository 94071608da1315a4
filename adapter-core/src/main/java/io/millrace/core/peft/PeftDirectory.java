package io.millrace.core.peft;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.ErrorCode;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.core.safetensors.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/** Reads and writes adapters as PEFT directories. */
public final class PeftDirectory {
    /** What cards say of adapters that Millrace trained. */
    public static final String TRAINED_HERE = "trained by Millrace";

    public static final String WEIGHTS = "adapter_model.safetensors";
    public static final String CONFIG = "adapter_config.json";
    public static final String CARD = "README.md";

    private PeftDirectory() {}

    /**
     * Where a version comes from: what its manifest says beside its files.
     *
     * @param fingerprints what the bits depend on beside the data
     * @param rounds since the parent
     */
    public record Lineage(
            Optional<VersionId> parent,
            Optional<VersionId> rebuiltFrom,
            SortedSet<String> fingerprints,
            List<Manifest.Round> rounds) {

        /** Of an adapter that was trained elsewhere. */
        public static Lineage none() {
            return new Lineage(Optional.empty(), Optional.empty(), Collections.emptySortedSet(), List.of());
        }
    }

    /**
     * A version, ready to be stored.
     *
     * @param files all of them, the manifest included, by name
     */
    public record Version(Manifest manifest, SortedMap<String, byte[]> files) {
        public VersionId id() {
            return manifest.id();
        }
    }

    /** The files of a version: weights, configuration, model card and manifest. */
    public static Version version(AdapterName adapter, BaseDescription base, AdapterWeights weights, Lineage lineage) {
        SortedMap<String, byte[]> files = files(weights, base, adapter.toString(), TRAINED_HERE);
        SortedMap<String, Manifest.FileDigest> digests = new TreeMap<>();
        files.forEach((name, content) -> digests.put(name, Manifest.FileDigest.of(content)));
        Manifest manifest = new Manifest(
                adapter,
                base.id(),
                lineage.parent(),
                lineage.rebuiltFrom(),
                weights.config(),
                lineage.fingerprints(),
                lineage.rounds(),
                digests);
        files.put(Manifest.FILE, manifest.canonicalBytes());
        return new Version(manifest, Collections.unmodifiableSortedMap(files));
    }

    /**
     * The files that PEFT reads, without a manifest.
     *
     * @param title heading of the model card
     * @param origin what the card says of where the adapter is from, as {@link #TRAINED_HERE}
     */
    public static SortedMap<String, byte[]> files(
            AdapterWeights weights, BaseDescription base, String title, String origin) {
        return PeftFiles.write(weights, base, title, origin);
    }

    /** Writes files into a directory, made when missing. @throws UncheckedIOException where that fails */
    public static void writeTo(Path directory, Map<String, byte[]> files) {
        try {
            Files.createDirectories(directory);
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                Files.write(directory.resolve(file.getKey()), file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException("can't write the adapter into " + directory + ": " + e.getMessage(), e);
        }
    }

    /**
     * Reads an adapter for a base. Weights of any floating-point type become float32. Ranks and alphas that differ from
     * module to module ({@code rank_pattern}, {@code alpha_pattern}) are made equal without changing the function:
     * smaller ranks are padded with zeros, and the scales' quotient is multiplied into B.
     *
     * @throws MillraceException {@code invalid_adapter}, its message naming everything that is wrong; {@code wrong_base}
     *     where nothing is wrong but that it was made for another base
     */
    public static AdapterWeights read(Map<String, byte[]> files, BaseDescription base) {
        PeftReader reader = new PeftReader(base);
        Optional.ofNullable(files.get(Manifest.FILE)).ifPresent(manifest -> reader.manifest(manifest, files));
        return reader.read(
                "the adapter",
                Optional.ofNullable(files.get(CONFIG)),
                Optional.ofNullable(files.get(WEIGHTS))
                        .map(content -> () -> SafetensorsFile.of(WEIGHTS, ByteBuffer.wrap(content))));
    }

    /** As {@link #read(Map, BaseDescription)}; files beside PEFT's own are ignored where there is no manifest. */
    public static AdapterWeights read(Path directory, BaseDescription base) {
        if (Files.exists(directory.resolve(Manifest.FILE))) {
            return read(load(directory), base);
        }
        Path weights = directory.resolve(WEIGHTS);
        return new PeftReader(base)
                .read(
                        directory.toString(),
                        file(directory.resolve(CONFIG)),
                        Files.exists(weights) ? Optional.of(() -> SafetensorsFile.open(weights)) : Optional.empty());
    }

    private static Map<String, byte[]> load(Path directory) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        for (String name : List.of(WEIGHTS, CONFIG, CARD, Manifest.FILE)) {
            file(directory.resolve(name)).ifPresent(content -> files.put(name, content));
        }
        return files;
    }

    private static Optional<byte[]> file(Path path) {
        try {
            return Files.exists(path) ? Optional.of(Files.readAllBytes(path)) : Optional.empty();
        } catch (IOException e) {
            throw new MillraceException(ErrorCode.INVALID_ADAPTER, path + " can't be read: " + e.getMessage(), e);
        }
    }

    static String key(String path, String half) {
        return "base_model.model." + path + ".lora_" + half + ".weight";
    }
}
