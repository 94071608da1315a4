package io.millrace.embedded;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import software.amazon.awssdk.services.s3.model.BucketCannedACL;

/**
 * An S3 server (S3Proxy) inside this JVM, listening on the loopback address and keeping objects as files of a
 * directory. Requests must carry a version 4 signature. {@code If-None-Match: *} is honoured; object versions aren't.
 */
public final class EmbeddedS3 implements AutoCloseable {
    private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
    private static final int MAX_THREADS = 24;
    private static final long MAX_REQUEST_BYTES = 256L << 20;

    private final S3Proxy server;
    private final int port;
    private final Credentials credentials;
    private final String bucket;

    /** What requests are signed with. */
    public record Credentials(String accessKey, String secretKey) {
        @Override
        public String toString() {
            return "Credentials[" + accessKey + "]";
        }
    }

    private EmbeddedS3(S3Proxy server, Credentials credentials, String bucket) {
        this.server = server;
        this.port = server.getPort();
        this.credentials = credentials;
        this.bucket = bucket;
    }

    /** On a free port: for tests. */
    public static EmbeddedS3 startOnFreePort(Path directory, Credentials credentials, String bucket) {
        return start(directory, 0, credentials, bucket);
    }

    /**
     * Starts the server and creates the bucket where it is missing.
     *
     * @param directory holds a directory for each bucket; made when missing
     * @param port 0 for a free one
     * @throws MillraceException {@code port_taken}, or {@code store_unavailable} where the server doesn't start
     */
    public static EmbeddedS3 start(Path directory, int port, Credentials credentials, String bucket) {
        if (!BUCKET.matcher(bucket).matches()) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "'" + bucket + "' is no bucket name; write 3 to 63 of a-z, 0-9, '.' and '-'");
        }
        if (port != 0) {
            Ports.requireFree(port, "the embedded object store");
        }
        try {
            Files.createDirectories(directory);
            BlobStore files = new FilesystemNio2BlobStore(directory.toString());
            if (!files.containerExists(bucket)) {
                files.createContainer(bucket);
            }
            files.setContainerAccess(bucket, BucketCannedACL.PRIVATE); // else its file mode could make it public
            S3Proxy server = S3Proxy.builder()
                    .endpoint(URI.create("http://" + Ports.LOOPBACK + ":" + port))
                    .awsAuthentication(AuthenticationType.AWS_V4, credentials.accessKey(), credentials.secretKey())
                    .blobStore(files)
                    .ignoreUnknownHeaders(true)
                    .v4MaxNonChunkedRequestSize(MAX_REQUEST_BYTES)
                    .jettyMaxThreads(MAX_THREADS)
                    .build();
            server.start();
            return new EmbeddedS3(server, credentials, bucket);
        } catch (Exception e) { // S3Proxy.start declares Exception
            throw new MillraceException(
                    ErrorCode.STORE_UNAVAILABLE,
                    "the embedded object store in " + directory + " doesn't start: " + e.getMessage(),
                    e);
        }
    }

    public URI endpoint() {
        return URI.create("http://" + Ports.LOOPBACK + ":" + port);
    }

    public int port() {
        return port;
    }

    public Credentials credentials() {
        return credentials;
    }

    public String bucket() {
        return bucket;
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) { // S3Proxy.stop declares Exception
            throw new MillraceException(
                    ErrorCode.STORE_UNAVAILABLE, "the embedded object store doesn't stop: " + e.getMessage(), e);
        }
    }
}
