package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Imported bases under one directory: each in a directory named by its id, names as small files beside them. An import
 * appears whole or not at all, and what was imported never changes. Safe for use by many threads and processes.
 */
public final class BaseStore {
    private static final String PARTIAL = ".import-";
    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern ID_PREFIX = Pattern.compile("[0-9a-f]{6,64}");

    private final Path root;
    private final BaseNames names;

    /** @param root created with the first import */
    public BaseStore(Path root) {
        this.root = root.toAbsolutePath();
        this.names = new BaseNames(this.root.resolve("names"));
    }

    /**
     * A base that can be opened.
     *
     * @param description its name is empty where it has none any more
     * @param bytes size on disk
     */
    public record Entry(BaseDescription description, long bytes, Path directory) {}

    /** Where downloads are kept. */
    public Path downloads() {
        return root.resolve("downloads");
    }

    /** Every base, by name; those that lost their name to another import last. */
    public List<Entry> list() {
        List<Entry> entries = new ArrayList<>();
        for (String id : ids()) {
            List<String> named = names.of(id);
            for (String name : named.isEmpty() ? List.of("") : named) {
                entries.add(entry(id, name));
            }
        }
        entries.sort(Comparator.comparing((Entry e) -> e.description().name().isEmpty())
                .thenComparing(e -> e.description().name()));
        return entries;
    }

    /** The base of that name, or whose id begins so (six digits at least). */
    public Optional<Entry> find(String nameOrIdPrefix) {
        Optional<String> id = names.find(nameOrIdPrefix);
        if (id.isPresent() && Files.isDirectory(root.resolve(id.get()))) {
            return Optional.of(entry(id.get(), nameOrIdPrefix));
        }
        if (!ID_PREFIX.matcher(nameOrIdPrefix).matches()) {
            return Optional.empty();
        }
        List<String> matching =
                ids().stream().filter(i -> i.startsWith(nameOrIdPrefix)).toList();
        if (matching.size() > 1) {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_BASE, "several bases begin with " + nameOrIdPrefix + "; give more digits");
        }
        return matching.stream()
                .findFirst()
                .map(i -> entry(i, names.of(i).stream().findFirst().orElse("")));
    }

    /**
     * Imports a Hugging Face directory or a GGUF file. A name that was in use names the new base from then on; the old one
     * stays and can be opened by its id.
     *
     * @param name letters, digits and {@code . _ - /}
     * @throws MillraceException {@code bad_base}, {@code unsupported_base}, {@code bad_safetensors},
     *     {@code unsupported_template}; the store is then unchanged
     */
    public BaseDescription importFrom(String name, Path source, Quantisation quantisation, ImportProgress progress) {
        BaseNames.check(name);
        try (WeightSource weights = Sources.open(source)) {
            return importFrom(name, weights, quantisation, progress);
        }
    }

    BaseDescription importFrom(String name, WeightSource weights, Quantisation quantisation, ImportProgress progress) {
        try {
            Files.createDirectories(root);
            Path partial = Files.createTempDirectory(root, PARTIAL);
            try {
                BaseManifest manifest = new BaseWriter(weights, quantisation, progress).writeTo(partial);
                StoredBase.open(partial, name, () -> {}).close(); // refuses here what couldn't be opened later
                String id = manifest.id().hex();
                moveInto(partial, root.resolve(id));
                names.set(name, id);
                return manifest.architecture().describe(manifest.id(), name, quantisation);
            } finally {
                Directories.delete(partial);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "can't write the base under " + root + ": " + e.getMessage() + "; check space and permissions", e);
        }
    }

    /**
     * Opens a base; {@code nano} is made on the spot where it isn't there yet.
     *
     * @throws MillraceException {@code unknown_base}, {@code bad_base} where it was damaged
     */
    public Base open(String nameOrIdPrefix) {
        if (nameOrIdPrefix.equals(NanoBase.NAME) && find(nameOrIdPrefix).isEmpty()) {
            importFrom(NanoBase.NAME, new NanoBase(), Quantisation.NF4, ImportProgress.silent());
        }
        Entry entry = find(nameOrIdPrefix).orElseThrow(() -> unknown(nameOrIdPrefix));
        return StoredBase.open(entry.directory(), entry.description().name(), () -> {});
    }

    /**
     * Writes a base as a dense Hugging Face directory, which appears whole or not at all.
     *
     * @param target not there yet, or an empty directory
     * @param element of the weights there
     * @param change given the path of a linear module and its weight [out, in], what to write instead
     * @throws MillraceException {@code unknown_base}, {@code bad_base} where it was damaged, or a weight isn't finite
     */
    public void exportDense(
            String nameOrIdPrefix,
            Path target,
            BaseTensor.Element element,
            BiFunction<String, float[], float[]> change,
            ImportProgress progress) {
        Entry entry = find(nameOrIdPrefix).orElseThrow(() -> unknown(nameOrIdPrefix));
        Path whole = target.toAbsolutePath().normalize();
        Path partial = whole.resolveSibling("." + whole.getFileName() + "." + UUID.randomUUID() + ".part");
        try {
            Files.createDirectories(partial);
            new DenseDirectory(entry.directory(), element, change, progress).writeTo(partial);
            Files.deleteIfExists(whole);
            Files.move(partial, whole, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "can't write " + whole + ": " + e.getMessage() + "; check space and permissions", e);
        } finally {
            Directories.delete(partial);
        }
    }

    private MillraceException unknown(String name) {
        List<String> known = list().stream().map(e -> e.description().name()).toList();
        return new MillraceException(
                ErrorCode.UNKNOWN_BASE,
                "there is no base '" + name + "' under " + root + " (there are: " + String.join(", ", known)
                        + "); get it with `millrace base pull " + name + "` or `millrace base import PATH`");
    }

    private Entry entry(String id, String name) {
        Path directory = root.resolve(id);
        BaseManifest manifest = StoredBase.manifest(directory);
        return new Entry(
                manifest.architecture().describe(manifest.id(), name, manifest.quantisation()),
                Directories.bytes(directory),
                directory);
    }

    private List<String> ids() {
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> directories = Files.list(root)) {
            return directories
                    .map(directory -> directory.getFileName().toString())
                    .filter(file -> ID.matcher(file).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("can't list " + root + ": " + e.getMessage(), e);
        }
    }

    /** The content decides the name, so one that is already there is as good. */
    private static void moveInto(Path partial, Path target) throws IOException {
        if (Files.isDirectory(target)) {
            return;
        }
        try {
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw e;
        } catch (FileSystemException e) {
            if (!Files.isDirectory(target)) {
                throw e;
            }
        }
    }
}
