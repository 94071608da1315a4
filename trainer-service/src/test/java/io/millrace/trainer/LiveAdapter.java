package io.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.VersionId;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.job.JobStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** One adapter of a live trainer on nano: examples go in, versions are cut, jobs are waited for. */
final class LiveAdapter implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofMinutes(2);
    static final String WORKER = "w1";

    private final AdapterName name;
    private final Platform platform;
    private Trainer trainer;
    private int produced;

    LiveAdapter(Path directory, AdapterName name) {
        this.name = name;
        this.platform = new Platform(directory, 2);
        start();
    }

    void start() {
        trainer = platform.trainer(WORKER);
        await().atMost(PATIENCE).until(trainer::ready);
    }

    /** Until {@link #start}. */
    void stop() {
        trainer.close();
    }

    /** Another trainer of the same worker. */
    void restart() {
        stop();
        start();
    }

    Platform platform() {
        return platform;
    }

    Trainer trainer() {
        return trainer;
    }

    void produce(String record) {
        platform.produce(record);
        produced++;
    }

    /** Sends dead letters again, each for what was refused. */
    void replay(List<ConsumerRecord<byte[], byte[]>> letters) {
        letters.forEach(platform::replay);
        produced += letters.size();
    }

    /** Until each record has its outcome. */
    void settle() {
        platform.flush();
        await().atMost(PATIENCE).until(() -> platform.outcomes().size() == produced);
    }

    /** A version of all that was produced. */
    VersionEntry cut() {
        Optional<VersionId> before = latest();
        settle();
        assertThat(trainer.requestCut(name)).succeedsWithin(PATIENCE).isEqualTo(true);
        await().atMost(PATIENCE).until(() -> !latest().equals(before));
        return platform.registry.view().latest(name).orElseThrow();
    }

    private Optional<VersionId> latest() {
        return platform.registry.view().latest(name).map(VersionEntry::id);
    }

    void awaitVersion(String id) {
        await().atMost(PATIENCE).until(() -> platform.registry
                .view()
                .version(name, new VersionId(id))
                .isPresent());
    }

    JobStatus ended(JobStatus submitted) {
        await().atMost(PATIENCE).until(() -> trainer.jobs()
                .get(submitted.id())
                .filter(JobStatus::ended)
                .isPresent());
        return trainer.jobs().get(submitted.id()).orElseThrow();
    }

    JsonNode result(JobStatus submitted) {
        JobStatus ended = ended(submitted);
        assertThat(ended.state()).as("%s", ended).isEqualTo(JobStatus.State.DONE);
        return ended.result().orElseThrow();
    }

    void assertExact(JobStatus verification) {
        JsonNode verified = result(verification);
        assertThat(verified.path("exact").asBoolean()).as("%s", verified).isTrue();
    }

    @Override
    public void close() {
        trainer.close();
        platform.close();
    }
}
