package io.millrace.embedded;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps a folder to one broker. Kafka's own lock comes too late: a second broker has by then elected itself and written
 * to the first one's log.
 */
final class FolderLock implements AutoCloseable {
    private static final String FILE = "embedded.lock";

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws MillraceException {@code kafka_unavailable} where another process, or this one, has it */
    static FolderLock take(Path folder) throws IOException {
        Files.createDirectories(folder);
        FileChannel channel =
                FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new FolderLock(channel);
            }
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw taken(folder, e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw taken(folder, null);
    }

    private static MillraceException taken(Path folder, Throwable cause) {
        return new MillraceException(
                ErrorCode.KAFKA_UNAVAILABLE,
                "another embedded Kafka uses the folder " + folder + "; stop it or choose another folder",
                cause);
    }

    @Override
    public void close() {
        try {
            channel.close(); // releases the lock
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
