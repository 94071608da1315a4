package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Keeps blobs as files of a directory, in the layout of the bucket. What {@code put} returned is on disk. Several
 * processes may share a directory of one machine.
 */
public final class DirectoryBlobStore implements BlobStore {
    private final Path root;
    private final Path temporary;

    /** @param root made when it is missing and first written to */
    public DirectoryBlobStore(Path root) {
        this.root = root;
        this.temporary = root.resolve("tmp");
    }

    @Override
    public Digest put(byte[] content) {
        Digest digest = Digest.of(content);
        if (!has(digest, content.length)) {
            write(path(digest), out -> out.write(content));
        }
        return digest;
    }

    @Override
    public Digest put(Path file) {
        Digest digest;
        long size;
        try (InputStream in = Files.newInputStream(file)) {
            digest = Digest.of(in);
            size = Files.size(file);
        } catch (IOException e) {
            throw StoreErrors.unavailable(file.toString(), e);
        }
        if (!has(digest, size)) {
            write(path(digest), out -> {
                MessageDigest copied = Digest.sha256();
                Files.copy(file, new DigestOutputStream(out, copied));
                if (!Digest.of(copied).equals(digest)) {
                    throw new IOException(file + " changed while it was stored");
                }
            });
        }
        return digest;
    }

    /** A file of the right size is whole: names appear only once their content is on disk. */
    private boolean has(Digest digest, long size) {
        OptionalLong found = size(digest);
        return found.isPresent() && found.getAsLong() == size;
    }

    @Override
    public byte[] get(Digest digest) {
        try {
            return StoreErrors.verified(digest, Files.readAllBytes(path(digest)));
        } catch (NoSuchFileException e) {
            throw StoreErrors.unknown(digest);
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    @Override
    public InputStream open(Digest digest, long offset, long length) {
        StoreErrors.checkRange(offset, length);
        try {
            InputStream in = Files.newInputStream(path(digest));
            try {
                in.skip(offset); // a file's stream skips as far as there are bytes
                return length < 0 ? in : new BoundedInputStream(in, length);
            } catch (IOException e) {
                in.close();
                throw e;
            }
        } catch (NoSuchFileException e) {
            throw StoreErrors.unknown(digest);
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    @Override
    public OptionalLong size(Digest digest) {
        try {
            return OptionalLong.of(Files.size(path(digest)));
        } catch (NoSuchFileException e) {
            return OptionalLong.empty();
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        try (Stream<Path> files = Files.walk(root.resolve(BlobNames.BLOBS))) {
            files.map(file -> root.relativize(file).toString().replace('\\', '/'))
                    .flatMap(place -> BlobNames.blobAt(place).stream())
                    .forEach(blob);
        } catch (NoSuchFileException e) {
            return; // nothing was stored yet
        } catch (IOException e) {
            throw unavailable(e);
        } catch (UncheckedIOException e) {
            throw unavailable(e.getCause());
        }
    }

    @Override
    public void delete(Digest digest) {
        deleteFile(path(digest));
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        write(root.resolve(BlobNames.snapshot(name)), out -> out.write(content));
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        try {
            return Optional.of(Files.readAllBytes(root.resolve(BlobNames.snapshot(name))));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        String start = BlobNames.snapshotPrefix(prefix);
        try (Stream<Path> files = Files.walk(root.resolve(BlobNames.SNAPSHOTS))) {
            return files.filter(Files::isRegularFile)
                    .map(file -> root.relativize(file).toString().replace('\\', '/'))
                    .filter(name -> name.startsWith(start))
                    .map(name -> name.substring(BlobNames.SNAPSHOTS.length()))
                    .sorted()
                    .toList();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return List.of();
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    @Override
    public void deleteSnapshot(String name) {
        deleteFile(root.resolve(BlobNames.snapshot(name)));
    }

    @Override
    public void close() {
        // Nothing is open between calls.
    }

    private Path path(Digest digest) {
        return root.resolve(BlobNames.blob(digest));
    }

    private void write(Path target, DurableFiles.Content content) {
        try {
            DurableFiles.write(temporary, target, content);
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    private void deleteFile(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (DirectoryNotEmptyException e) {
            throw new IllegalArgumentException(file + " is no blob", e);
        } catch (IOException e) {
            throw unavailable(e);
        }
    }

    private MillraceException unavailable(IOException e) {
        return StoreErrors.unavailable("the store in " + root, e);
    }
}
