package io.millrace.standalone.system;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.embedded.EmbeddedS3;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;

/**
 * Where a system in one JVM keeps everything. It belongs to one running system at a time and to one base for ever; a lock
 * that the operating system takes back, so that {@code kill -9} leaves nothing behind.
 */
public final class DataFolder implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final FileChannel lockFile;
    private final FileLock lock;

    private DataFolder(Path directory, FileChannel lockFile, FileLock lock) {
        this.directory = directory;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /**
     * Takes the folder, making it where it is missing.
     *
     * @throws MillraceException {@code bad_setting} where it can't be written or another system runs on it
     */
    public static DataFolder take(Path directory) {
        try {
            Files.createDirectories(directory);
            FileChannel file =
                    FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = tryLock(file);
            if (lock == null) {
                file.close();
                throw new MillraceException(
                        ErrorCode.BAD_SETTING,
                        "another system runs on " + directory + "; stop it, or choose another --data-dir");
            }
            return new DataFolder(directory, file, lock);
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /**
     * Remembers the base on first use, and afterwards allows no other.
     *
     * @param id from the base's content
     * @throws MillraceException {@code wrong_base}
     */
    public void requireBase(String name, String id) {
        Path file = directory.resolve("base.json");
        try {
            if (!Files.exists(file)) {
                write(file, JSON.writeValueAsString(Map.of("name", name, "id", id)));
                return;
            }
            JsonNode known = JSON.readTree(Files.readAllBytes(file));
            if (!known.path("id").asText().equals(id)) {
                throw new MillraceException(
                        ErrorCode.WRONG_BASE,
                        directory + " was made with base " + known.path("name").asText() + " ("
                                + shortId(known.path("id").asText()) + ") and can't be used with " + name + " ("
                                + shortId(id) + "); start with --base "
                                + known.path("name").asText() + ", or choose another --data-dir");
            }
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /** What the embedded object store's requests are signed with: drawn once, readable by the owner alone. */
    public EmbeddedS3.Credentials storeCredentials() {
        Path file = directory.resolve("s3-credentials.json");
        try {
            if (!Files.exists(file)) {
                byte[] secret = new byte[20];
                new SecureRandom().nextBytes(secret);
                write(
                        file,
                        JSON.writeValueAsString(Map.of(
                                "access_key",
                                "millrace",
                                "secret_key",
                                HexFormat.of().formatHex(secret))));
            }
            JsonNode known = JSON.readTree(Files.readAllBytes(file));
            return new EmbeddedS3.Credentials(
                    known.path("access_key").asText(), known.path("secret_key").asText());
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    public Path kafka() {
        return directory.resolve("kafka");
    }

    public Path objects() {
        return directory.resolve("objects");
    }

    public Path services() {
        return directory.resolve("services");
    }

    public Path log() {
        return directory.resolve("millrace.log");
    }

    @Override
    public void close() {
        try {
            lock.release();
            lockFile.close();
        } catch (IOException e) {
            throw unwritable(directory, e);
        }
    }

    /** Written beside and moved: a kill leaves the whole file or none. */
    private static void write(Path file, String content) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.deleteIfExists(part);
        if (Files.getFileStore(file.getParent()).supportsFileAttributeView("posix")) {
            Files.createFile(part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        Files.writeString(part, content, StandardCharsets.UTF_8);
        Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static FileLock tryLock(FileChannel file) throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    private static String shortId(String id) {
        return id.length() > 12 ? id.substring(0, 12) : id;
    }

    private static MillraceException unwritable(Path directory, IOException e) {
        return new MillraceException(
                ErrorCode.BAD_SETTING,
                directory + " can't be used (" + e.getMessage() + "); choose a --data-dir that can be written",
                e);
    }
}
