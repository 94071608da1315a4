package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CachingBlobStoreTest extends BlobStoreContract {
    private static final int MAX_BYTES = 1_000_000;

    private Path folder;
    private MemoryBlobStore behind;
    private CachingBlobStore store;

    @BeforeEach
    void open() {
        folder = scratch.resolve("cache");
        behind = new MemoryBlobStore();
        store = new CachingBlobStore(behind, folder, MAX_BYTES);
    }

    @Override
    protected BlobStore store() {
        return store;
    }

    @Test
    void answersFromTheFolderOnceABlobWasRead() throws IOException {
        // Given a blob that was read and is gone from the store behind
        Digest digest = behind.put(random(1, 1_000));
        store.get(digest);
        behind.delete(digest);
        // Then it is read from the folder, also by the next process
        assertThat(store.get(digest)).isEqualTo(random(1, 1_000));
        CachingBlobStore next = new CachingBlobStore(behind, folder, MAX_BYTES);
        assertThat(next.get(digest)).isEqualTo(random(1, 1_000));
        try (InputStream in = next.open(digest, 990, -1)) {
            assertThat(in.readAllBytes()).hasSize(10);
        }
    }

    @Test
    void goesToTheStoreWhenAFileIsDamaged() throws IOException {
        Digest digest = behind.put(random(1, 1_000));
        store.get(digest);
        Path file = folder.resolve(BlobNames.blob(digest));
        Files.write(file, random(2, 1_000));
        assertThat(store.get(digest)).isEqualTo(random(1, 1_000));
        assertThat(file).hasBinaryContent(random(1, 1_000));
        Files.delete(file);
        assertThat(store.get(digest)).isEqualTo(random(1, 1_000));
    }

    @Test
    void makesRoomByWhatWasUsedLongestAgo() throws IOException {
        // Given room for three blobs of 300 kB, the first of which was used again
        Digest[] digests = new Digest[4];
        for (int i = 0; i < 4; i++) {
            digests[i] = behind.put(random(i, 300_000));
        }
        for (int i : new int[] {0, 1, 2, 0}) {
            store.get(digests[i]);
        }
        // When a fourth comes
        store.get(digests[3]);
        // Then the second had to go
        assertThat(folder.resolve(BlobNames.blob(digests[1]))).doesNotExist();
        for (int i : new int[] {0, 2, 3}) {
            assertThat(folder.resolve(BlobNames.blob(digests[i]))).exists();
        }
        assertThat(bytesIn(folder)).isLessThanOrEqualTo(MAX_BYTES);
    }

    @Test
    void doesNotKeepWhatWouldPushAllElseOut() throws IOException {
        Digest large = behind.put(random(1, MAX_BYTES / 2 + 1));
        assertThat(store.get(large)).hasSize(MAX_BYTES / 2 + 1);
        assertThat(folder.resolve(BlobNames.blob(large))).doesNotExist();
    }

    @Test
    void worksWithoutAFolder() throws IOException {
        Files.write(folder, new byte[] {1});
        Digest digest = behind.put(random(1, 10));
        assertThat(store.get(digest)).isEqualTo(random(1, 10));
        assertThatThrownBy(() -> store.get(Digest.of("missing"))).satisfies(e -> assertCode(e, ErrorCode.UNKNOWN_BLOB));
    }

    private static long bytesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(f -> f.toFile().length())
                    .sum();
        }
    }
}
