package io.millrace.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reading and writing with signatures is tested where the client is: by the S3 store of artifact-store. */
class EmbeddedS3Test {
    private static final EmbeddedS3.Credentials KEYS = new EmbeddedS3.Credentials("access", "secret-of-the-test");

    @TempDir
    Path directory;

    @Test
    void refusesRequestsWithoutSignature() throws Exception {
        try (EmbeddedS3 s3 = EmbeddedS3.startOnFreePort(directory, KEYS, "millrace")) {
            HttpRequest list =
                    HttpRequest.newBuilder(s3.endpoint().resolve("/millrace")).build();
            HttpRequest write = HttpRequest.newBuilder(s3.endpoint().resolve("/millrace/x"))
                    .PUT(HttpRequest.BodyPublishers.ofString("x"))
                    .build();
            HttpClient client = HttpClient.newHttpClient();
            for (HttpRequest request : List.of(list, write)) {
                assertThat(client.send(request, HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(403);
            }
        }
    }

    @Test
    void saysWhichPortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByAddress(new byte[] {127, 0, 0, 1}))) {
            assertThatThrownBy(() -> EmbeddedS3.start(directory, taken.getLocalPort(), KEYS, "millrace"))
                    .isInstanceOfSatisfying(
                            MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.PORT_TAKEN))
                    .hasMessageContaining("port " + taken.getLocalPort())
                    .hasMessageContaining("object store");
        }
    }

    @Test
    void refusesABadBucketName() {
        assertThatThrownBy(() -> EmbeddedS3.startOnFreePort(directory, KEYS, "../x"))
                .isInstanceOf(MillraceException.class)
                .hasMessageContaining("no bucket name");
    }

    @Test
    void doesNotShowTheSecret() {
        assertThat(KEYS.toString()).doesNotContain("secret");
    }
}
