package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DirectoryBlobStoreTest extends BlobStoreContract {
    private Path root;
    private DirectoryBlobStore store;

    @BeforeEach
    void open() {
        root = scratch.resolve("store");
        store = new DirectoryBlobStore(root);
    }

    @Override
    protected BlobStore store() {
        return store;
    }

    @Test
    void laysBlobsOutAsTheBucketDoes() {
        String hex = store.put(random(1, 10)).hex();
        assertThat(root.resolve("blobs/sha256/" + hex.substring(0, 2) + "/" + hex))
                .isRegularFile();
        assertThat(root.resolve("tmp")).isEmptyDirectory();
    }

    @Test
    void keepsContentForTheNextProcess() {
        Digest digest = store.put(random(1, 10));
        store.close();
        assertThat(new DirectoryBlobStore(root).get(digest)).isEqualTo(random(1, 10));
    }

    @Test
    void neverGivesOutOtherBytes() throws IOException {
        Digest digest = store.put(random(1, 10));
        Path file = root.resolve(BlobNames.blob(digest));
        Files.write(file, random(2, 10));
        assertThatThrownBy(() -> store.get(digest)).satisfies(e -> assertCode(e, ErrorCode.DIGEST_MISMATCH));
        // And a file that was cut short is written again
        Files.write(file, random(1, 9));
        store.put(random(1, 10));
        assertThat(store.get(digest)).isEqualTo(random(1, 10));
    }

    @Test
    void saysWhenTheFolderCannotBeUsed() throws IOException {
        Files.write(root, new byte[] {1});
        assertThatThrownBy(() -> store.put(random(1, 10)))
                .satisfies(e -> assertCode(e, ErrorCode.STORE_UNAVAILABLE))
                .hasMessageContaining(root.toString());
    }
}
