package io.millrace.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.Digest;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.MinIOContainer;
import org.testcontainers.utility.DockerImageName;

/** Against MinIO in a container, where Docker is at hand. */
@EnabledIf(value = "dockerAnswers", disabledReason = "no Docker daemon answers, and MinIO runs in a container")
class MinioBlobStoreTest extends BlobStoreContract {
    private static final DockerImageName IMAGE = DockerImageName.parse(
                    "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z")
            .asCompatibleSubstituteFor("minio/minio");

    private static MinIOContainer server;
    private static S3BlobStore store;

    static boolean dockerAnswers() {
        return DockerClientFactory.instance().isDockerAvailable();
    }

    @BeforeAll
    static void start() {
        server = new MinIOContainer(IMAGE);
        server.start();
        store = new S3BlobStore(S3Settings.of(
                URI.create(server.getS3URL()), server.getUserName(), server.getPassword(), "millrace", "us-east-1"));
    }

    @AfterAll
    static void stop() {
        store.close();
        server.close();
    }

    @Override
    protected BlobStore store() {
        return store;
    }

    @Test
    void storesFilesInParts() {
        byte[] content = random(1, (int) S3BlobStore.SINGLE_PUT_BYTES + 1_000_000);
        Digest digest = store.put(content);
        assertThat(store.put(content)).isEqualTo(digest);
        assertThat(store.get(digest)).isEqualTo(content);
    }
}
