package io.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.proto.internal.CuratedExample;
import io.millrace.proto.internal.ExampleRef;
import io.millrace.store.MemoryBlobStore;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Texts leave every archive that has them; what else was in it is found as before. */
class EraseArchivesTest {
    private static final AdapterName ADAPTER = AdapterName.parse("acme/a");

    private final MemoryBlobStore store = new MemoryBlobStore();

    private static CuratedExample example(String adapter, String id) {
        return CuratedExample.newBuilder()
                .setAdapter(adapter)
                .setExampleId(id)
                .setContentSha256("of " + id)
                .setRecord(ByteString.copyFrom("text of " + id, StandardCharsets.UTF_8))
                .build();
    }

    private int erase(String... ids) {
        return new EraseArchives(store, ADAPTER).erase(Set.of(ids), () -> false);
    }

    private CuratedExample get(Digest archive, int index) {
        return new Archives(store)
                .get(ExampleRef.newBuilder()
                        .setArchiveSha256(archive.hex())
                        .setArchiveIndex(index)
                        .build());
    }

    private boolean anywhere(String text) {
        boolean[] found = {false};
        store.forEach(blob -> found[0] |= new String(store.get(blob), StandardCharsets.ISO_8859_1).contains(text));
        return found[0];
    }

    @Test
    void theTextGoesAndTheOthersStay() {
        Digest first = new Archives(store).put(List.of(example("acme/a", "e1"), example("acme/a", "e2")));
        Digest second = new Archives(store).put(List.of(example("acme/a", "e3")));

        assertThat(erase("e1")).isEqualTo(1);

        assertThat(anywhere("text of e1")).isFalse();
        assertThat(get(first, 0).getForgotten()).isTrue();
        assertThat(get(first, 0).getContentSha256()).isEmpty();
        assertThat(get(first, 1)).isEqualTo(example("acme/a", "e2"));
        assertThat(get(second, 0)).isEqualTo(example("acme/a", "e3"));
    }

    @Test
    void oneAfterTheOtherAndOnceMoreChangesNothing() {
        Digest archive = new Archives(store)
                .put(List.of(example("acme/a", "e1"), example("acme/a", "e2"), example("acme/a", "e3")));

        assertThat(erase("e1")).isEqualTo(1);
        assertThat(erase("e2")).isEqualTo(1);
        assertThat(erase("e1", "e2")).isZero();

        assertThat(anywhere("text of e1") || anywhere("text of e2")).isFalse();
        assertThat(get(archive, 1).getForgotten()).isTrue();
        assertThat(get(archive, 2)).isEqualTo(example("acme/a", "e3"));
    }

    @Test
    void anotherAdaptersExampleOfThatIdIsAnotherExample() {
        Digest other = new Archives(store).put(List.of(example("acme/b", "e1")));
        store.put("no archive".getBytes(StandardCharsets.UTF_8));
        store.put(new byte[0]);

        assertThat(erase("e1")).isZero();

        assertThat(get(other, 0)).isEqualTo(example("acme/b", "e1"));
    }
}
