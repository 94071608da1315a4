package io.millrace.store;

import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.net.URI;
import java.time.Duration;

/**
 * Where the bucket is and how to get in.
 *
 * @param endpoint as {@code http://127.0.0.1:9000} or {@code https://s3.eu-west-1.amazonaws.com}
 * @param bucket created on the first write where it is missing
 * @param timeout longest wait for a connection, and for each read and write on it
 */
public record S3Settings(
        URI endpoint, String accessKey, String secretKey, String bucket, String region, Duration timeout) {
    public S3Settings {
        if (endpoint.getScheme() == null || !endpoint.getScheme().startsWith("http") || endpoint.getHost() == null) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING,
                    "'" + endpoint
                            + "' is no address of an object store; write http://host:port (millrace.s3.endpoint)");
        }
        if (timeout.isNegative() || timeout.isZero()) {
            throw new MillraceException(
                    ErrorCode.BAD_SETTING, "the object store's timeout must be above 0, not " + timeout);
        }
    }

    /** With a timeout of ten seconds. */
    public static S3Settings of(URI endpoint, String accessKey, String secretKey, String bucket, String region) {
        return new S3Settings(endpoint, accessKey, secretKey, bucket, region, Duration.ofSeconds(10));
    }

    @Override
    public String toString() {
        return "S3Settings[" + endpoint + ", " + bucket + ", " + region + ", key " + accessKey + "]";
    }
}
