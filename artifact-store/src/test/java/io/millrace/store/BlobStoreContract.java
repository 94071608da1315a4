package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store keeps to. An implementation's test is a class that extends this one and says how to make one. */
public abstract class BlobStoreContract {
    private static final Digest MISSING = Digest.of("nobody stored this");

    @TempDir
    protected Path scratch;

    /** The store under test; the implementation's test closes it. */
    protected abstract BlobStore store();

    @Test
    void returnsWhatWasStored() {
        byte[] content = random(1, 100_000);
        Digest digest = store().put(content);
        assertThat(digest).isEqualTo(Digest.of(content));
        assertThat(store().get(digest)).isEqualTo(content);
        assertThat(store().size(digest)).hasValue(100_000);
    }

    @Test
    void storesFiles() throws IOException {
        byte[] content = random(2, 70_000);
        Path file = Files.write(scratch.resolve("file"), content);
        Digest digest = store().put(file);
        assertThat(digest).isEqualTo(Digest.of(content));
        assertThat(store().get(digest)).isEqualTo(content);
        assertThat(store().put(file)).isEqualTo(digest);
        assertThatThrownBy(() -> store().put(scratch.resolve("no such file"))).isInstanceOf(MillraceException.class);
    }

    @Test
    void namesEveryBlobAndNothingElse() {
        Digest first = store().put(random(7, 10));
        Digest second = store().put(random(8, 10));
        Digest gone = store().put(random(9, 10));
        store().putSnapshot("named/otherwise", random(9, 10));
        store().delete(gone);
        Set<Digest> named = new HashSet<>();
        store().forEach(named::add);
        assertThat(named).contains(first, second).doesNotContain(gone);
        assertThat(named).allSatisfy(blob -> assertThat(store().size(blob)).isPresent());
    }

    @Test
    void storesNothingAtAll() throws IOException {
        Digest digest = store().put(new byte[0]);
        assertThat(store().get(digest)).isEmpty();
        assertThat(store().size(digest)).hasValue(0);
        try (InputStream in = store().open(digest, 0, -1)) {
            assertThat(in.readAllBytes()).isEmpty();
        }
        assertThat(store().put(Files.createFile(scratch.resolve("empty")))).isEqualTo(digest);
    }

    @Test
    void changesNothingForASecondWriter() {
        byte[] content = random(3, 1_000);
        Digest first = store().put(content);
        Digest second = store().put(content);
        assertThat(second).isEqualTo(first);
        assertThat(store().get(first)).isEqualTo(content);
    }

    @Test
    void isNotChangedThroughTheArraysItTookOrGave() {
        byte[] content = random(4, 10);
        byte[] original = content.clone();
        Digest digest = store().put(content);
        content[0]++;
        byte[] read = store().get(digest);
        assertThat(read).isEqualTo(original);
        read[1]++;
        assertThat(store().get(digest)).isEqualTo(original);
    }

    @Test
    void saysThatItHasNoSuchBlob() {
        assertThat(store().size(MISSING)).isEmpty();
        assertThatThrownBy(() -> store().get(MISSING)).satisfies(e -> assertCode(e, ErrorCode.UNKNOWN_BLOB));
        assertThatThrownBy(() -> store().open(MISSING, 0, -1).close())
                .satisfies(e -> assertCode(e, ErrorCode.UNKNOWN_BLOB));
    }

    @ParameterizedTest
    @CsvSource({"0,-1,0,50", "0,50,0,50", "0,0,0,0", "10,5,10,15", "49,1,49,50", "49,100,49,50", "50,-1,0,0", "60,5,0,0"
    })
    void readsRanges(long offset, long length, int from, int to) throws IOException {
        byte[] content = random(5, 50);
        Digest digest = store().put(content);
        try (InputStream in = store().open(digest, offset, length)) {
            assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, from, to));
        }
    }

    @Test
    void refusesRangesThatAreNone() {
        Digest digest = store().put(random(6, 5));
        assertThatThrownBy(() -> store().open(digest, -1, 2).close()).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().open(digest, 0, -2).close()).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void deletes() {
        Digest digest = store().put(random(7, 100));
        store().delete(digest);
        assertThat(store().size(digest)).isEmpty();
        assertThatThrownBy(() -> store().get(digest)).satisfies(e -> assertCode(e, ErrorCode.UNKNOWN_BLOB));
        store().delete(digest);
        store().delete(MISSING);
        assertThat(store().put(random(7, 100))).isEqualTo(digest);
        assertThat(store().size(digest)).hasValue(100);
    }

    @Test
    void keepsOneBlobForManyWritersAtOnce() throws Exception {
        // Given eight writers of the same content and readers that look for it all the time
        byte[] content = random(8, 300_000);
        Digest digest = Digest.of(content);
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Boolean>> work = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                work.add(() -> store().put(content).equals(digest));
                // Then a reader sees all of it or nothing
                work.add(() -> {
                    try {
                        return Arrays.equals(store().get(digest), content);
                    } catch (MillraceException e) {
                        return e.code() == ErrorCode.UNKNOWN_BLOB;
                    }
                });
            }
            // When all run
            for (Future<Boolean> done : pool.invokeAll(work)) {
                assertThat(done.get()).isTrue();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(store().get(digest)).isEqualTo(content);
    }

    @Test
    void replacesSnapshots() {
        String name = folder() + "/000001";
        assertThat(store().getSnapshot(name)).isEmpty();
        store().putSnapshot(name, bytes("one"));
        store().putSnapshot(name, bytes("two, which is longer"));
        assertThat(store().getSnapshot(name)).hasValue(bytes("two, which is longer"));
        store().putSnapshot(name, new byte[0]);
        assertThat(store().getSnapshot(name)).hasValue(new byte[0]);
        store().deleteSnapshot(name);
        store().deleteSnapshot(name);
        assertThat(store().getSnapshot(name)).isEmpty();
    }

    @Test
    void listsSnapshotsByPrefix() {
        String folder = folder();
        for (String name : List.of("b/2", "b/10", "a/1", "ab.x_y-Z")) {
            store().putSnapshot(folder + "/" + name, bytes(name));
        }
        assertThat(store().listSnapshots(folder + "/"))
                .containsExactly(folder + "/a/1", folder + "/ab.x_y-Z", folder + "/b/10", folder + "/b/2");
        assertThat(store().listSnapshots(folder + "/a")).containsExactly(folder + "/a/1", folder + "/ab.x_y-Z");
        assertThat(store().listSnapshots(folder + "/b/")).containsExactly(folder + "/b/10", folder + "/b/2");
        assertThat(store().listSnapshots(folder + "/c")).isEmpty();
        assertThat(store().listSnapshots("")).contains(folder + "/a/1");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/a", "a/", "a//b", "..", "a/../b", "a/./b", ".", "a b", "ä", "a\\b", "a\nb"})
    void refusesNamesThatCouldLeadElsewhere(String name) {
        assertThatThrownBy(() -> store().putSnapshot(name, bytes("x"))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().getSnapshot(name)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> store().deleteSnapshot(name)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A folder of this test's own, as a store may be shared by many. */
    private static String folder() {
        return "contract/" + UUID.randomUUID();
    }

    protected static byte[] random(long seed, int length) {
        byte[] content = new byte[length];
        new Random(seed).nextBytes(content);
        return content;
    }

    protected static void assertCode(Throwable thrown, ErrorCode code) {
        assertThat(thrown).isInstanceOfSatisfying(MillraceException.class, e -> assertThat(e.code())
                .isEqualTo(code));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
