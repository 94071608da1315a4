package io.millrace.store;

import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Against a store of your own; it leaves a few small blobs behind. */
@EnabledIfEnvironmentVariable(
        named = "MILLRACE_TEST_S3_ENDPOINT",
        matches = "https?://.+",
        disabledReason = "MILLRACE_TEST_S3_ENDPOINT names no S3 endpoint (with MILLRACE_TEST_S3_ACCESS_KEY,"
                + " MILLRACE_TEST_S3_SECRET_KEY, MILLRACE_TEST_S3_BUCKET)")
class ExternalS3BlobStoreTest extends BlobStoreContract {
    private static S3BlobStore store;

    @BeforeAll
    static void open() {
        store = new S3BlobStore(S3Settings.of(
                URI.create(env("ENDPOINT", "")),
                env("ACCESS_KEY", ""),
                env("SECRET_KEY", ""),
                env("BUCKET", "millrace-test"),
                env("REGION", "us-east-1")));
    }

    @AfterAll
    static void close() {
        store.close();
    }

    private static String env(String name, String otherwise) {
        return System.getenv().getOrDefault("MILLRACE_TEST_S3_" + name, otherwise);
    }

    @Override
    protected BlobStore store() {
        return store;
    }
}
