package io.millrace.store;

import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.minio.BucketExistsArgs;
import io.minio.Checksum;
import io.minio.GetObjectArgs;
import io.minio.GetObjectResponse;
import io.minio.ListObjectsArgs;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import io.minio.PutObjectArgs;
import io.minio.RemoveObjectArgs;
import io.minio.Result;
import io.minio.StatObjectArgs;
import io.minio.UploadObjectArgs;
import io.minio.errors.ErrorResponseException;
import io.minio.errors.MinioException;
import io.minio.messages.ErrorResponse;
import io.minio.messages.Item;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps blobs in an S3 bucket. A blob is written with {@code If-None-Match: *}, so a second writer of the same content
 * changes nothing; where the store doesn't know that header, by a plain PUT (same key, same bytes). Blobs of more than
 * {@value #SINGLE_PUT_BYTES} bytes go up in parts after a look whether they are there already: a store may hold a part
 * in memory while it checks what it was signed with.
 */
public final class S3BlobStore implements BlobStore {
    private static final Logger LOG = LoggerFactory.getLogger(S3BlobStore.class);
    static final long SINGLE_PUT_BYTES = 32L << 20;
    static final long PART_BYTES = 8L << 20;

    /** While the store checks and writes one part, the next is signed. */
    private static final int PARTS_AT_ONCE = 2;

    private static final String CONTENT_TYPE = "application/octet-stream";

    /** One that the processor computes: the SDK's own choice, CRC-32C in a loop, takes a fifth of a large blob's time. */
    private static final Checksum.Algorithm CHECKSUM = Checksum.Algorithm.CRC32;

    private static final Map<String, String> IF_ABSENT = Map.of("If-None-Match", "*");
    private static final Set<String> BUCKET_EXISTS = Set.of("BucketAlreadyOwnedByYou", "BucketAlreadyExists");
    private static final Set<String> REFUSALS = Set.of(
            "AccessDenied",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "RequestTimeTooSkewed",
            "AuthorizationHeaderMalformed",
            "InvalidBucketName");

    private final S3Settings settings;
    private final MinioClient client;
    private final OkHttpClient http;
    private final AtomicBoolean conditionalWrites = new AtomicBoolean(true);

    /** Doesn't talk to the store yet. */
    public S3BlobStore(S3Settings settings) {
        this.settings = settings;
        this.http = new OkHttpClient.Builder()
                .connectTimeout(settings.timeout())
                .readTimeout(settings.timeout())
                .writeTimeout(settings.timeout())
                .build();
        this.client = MinioClient.builder()
                .endpoint(settings.endpoint().toString())
                .credentials(settings.accessKey(), settings.secretKey())
                .region(settings.region())
                .httpClient(http)
                .build();
    }

    /** One request to the store. */
    @FunctionalInterface
    private interface Call<T> {
        T run() throws MinioException, IOException;
    }

    @Override
    public Digest put(byte[] content) {
        Digest digest = Digest.of(content);
        if (content.length > SINGLE_PUT_BYTES && size(digest).isPresent()) {
            return digest;
        }
        writeBlob(headers -> putObject(BlobNames.blob(digest), content, headers), content.length);
        return digest;
    }

    @Override
    public Digest put(Path file) {
        Digest digest;
        long size;
        try (InputStream in = Files.newInputStream(file)) {
            digest = Digest.of(in);
            size = Files.size(file);
        } catch (IOException e) {
            throw StoreErrors.unavailable(file.toString(), e);
        }
        if (size > SINGLE_PUT_BYTES && size(digest).isPresent()) {
            return digest;
        }
        writeBlob(
                headers -> client.uploadObject(UploadObjectArgs.builder()
                        .bucket(settings.bucket())
                        .object(BlobNames.blob(digest))
                        .filename(file.toString(), partBytes(size))
                        .contentType(CONTENT_TYPE)
                        .checksum(CHECKSUM)
                        .parallelUploads(PARTS_AT_ONCE)
                        .extraHeaders(headers)
                        .build()),
                size);
        return digest;
    }

    private Object putObject(String key, byte[] content, Map<String, String> headers) throws MinioException {
        return client.putObject(PutObjectArgs.builder().bucket(settings.bucket()).object(key).stream(
                        new ByteArrayInputStream(content), (long) content.length, partBytes(content.length))
                .contentType(CONTENT_TYPE)
                .checksum(CHECKSUM)
                .parallelUploads(PARTS_AT_ONCE)
                .extraHeaders(headers)
                .build());
    }

    private static long partBytes(long size) {
        return size > SINGLE_PUT_BYTES ? PART_BYTES : SINGLE_PUT_BYTES;
    }

    /** One PUT with the given headers. */
    @FunctionalInterface
    private interface Write {
        Object run(Map<String, String> headers) throws MinioException, IOException;
    }

    private void writeBlob(Write write, long size) {
        boolean conditional = conditionalWrites.get() && size <= SINGLE_PUT_BYTES;
        inBucket(() -> {
            try {
                return write.run(conditional ? IF_ABSENT : Map.of());
            } catch (ErrorResponseException e) {
                if (conditional && isAlreadyThere(e)) {
                    return e;
                }
                if (conditional && isUnknownHeader(e)) {
                    if (conditionalWrites.compareAndSet(true, false)) {
                        LOG.info("store={} has no If-None-Match: writing blobs plainly", settings.endpoint());
                    }
                    return write.run(Map.of());
                }
                throw e;
            }
        });
    }

    // 409: another writer of the same key is at work; its bytes are these.
    private static boolean isAlreadyThere(ErrorResponseException e) {
        return e.response().code() == 412 || e.errorResponse().code().equals("ConditionalRequestConflict");
    }

    private static boolean isUnknownHeader(ErrorResponseException e) {
        return e.response().code() == 501 || e.errorResponse().code().equals("InvalidArgument");
    }

    @Override
    public byte[] get(Digest digest) {
        return StoreErrors.verified(
                digest, read(BlobNames.blob(digest)).orElseThrow(() -> StoreErrors.unknown(digest)));
    }

    private Optional<byte[]> read(String key) {
        return ifPresent(() -> {
            try (GetObjectResponse in = client.getObject(GetObjectArgs.builder()
                    .bucket(settings.bucket())
                    .object(key)
                    .build())) {
                String length = in.headers().get("Content-Length");
                return length == null ? in.readAllBytes() : readWhole(in, Integer.parseInt(length));
            }
        });
    }

    /** Straight into its place: collecting a stream of unknown length takes twice the memory. */
    private static byte[] readWhole(InputStream in, int length) throws IOException {
        byte[] content = new byte[length];
        int n = in.readNBytes(content, 0, length);
        return n == length ? content : Arrays.copyOf(content, n);
    }

    @Override
    public InputStream open(Digest digest, long offset, long length) {
        StoreErrors.checkRange(offset, length);
        long size = size(digest).orElseThrow(() -> StoreErrors.unknown(digest));
        long bytes = Math.min(length < 0 ? Long.MAX_VALUE : length, Math.max(0, size - offset));
        if (bytes == 0) {
            return InputStream.nullInputStream(); // HTTP knows no empty range
        }
        return ifPresent(() -> (InputStream) client.getObject(GetObjectArgs.builder()
                        .bucket(settings.bucket())
                        .object(BlobNames.blob(digest))
                        .offset(offset)
                        .length(bytes)
                        .build()))
                .orElseThrow(() -> StoreErrors.unknown(digest));
    }

    @Override
    public OptionalLong size(Digest digest) {
        return ifPresent(() -> client.statObject(StatObjectArgs.builder()
                                .bucket(settings.bucket())
                                .object(BlobNames.blob(digest))
                                .build())
                        .size())
                .map(OptionalLong::of)
                .orElseGet(OptionalLong::empty);
    }

    @Override
    public void forEach(Consumer<Digest> blob) {
        list(BlobNames.BLOBS, place -> BlobNames.blobAt(place).ifPresent(blob));
    }

    @Override
    public void delete(Digest digest) {
        remove(BlobNames.blob(digest));
    }

    private void remove(String key) {
        ifPresent(() -> {
            client.removeObject(RemoveObjectArgs.builder()
                    .bucket(settings.bucket())
                    .object(key)
                    .build());
            return key;
        });
    }

    @Override
    public void putSnapshot(String name, byte[] content) {
        String key = BlobNames.snapshot(name);
        inBucket(() -> putObject(key, content, Map.of()));
    }

    @Override
    public Optional<byte[]> getSnapshot(String name) {
        return read(BlobNames.snapshot(name));
    }

    @Override
    public List<String> listSnapshots(String prefix) {
        List<String> names = new ArrayList<>();
        list(BlobNames.snapshotPrefix(prefix), name -> names.add(name.substring(BlobNames.SNAPSHOTS.length())));
        Collections.sort(names);
        return List.copyOf(names);
    }

    /** Keys of the objects that start with the prefix; none where there is no bucket. */
    private void list(String prefix, Consumer<String> key) {
        ifPresent(() -> {
            for (Result<Item> item : client.listObjects(ListObjectsArgs.builder()
                    .bucket(settings.bucket())
                    .prefix(prefix)
                    .recursive(true)
                    .build())) {
                key.accept(item.get().objectName());
            }
            return prefix;
        });
    }

    @Override
    public void deleteSnapshot(String name) {
        remove(BlobNames.snapshot(name));
    }

    @Override
    public void close() {
        http.dispatcher().executorService().shutdown();
        http.connectionPool().evictAll();
    }

    /** Empty where the object or the bucket is missing. */
    private <T> Optional<T> ifPresent(Call<T> call) {
        try {
            return Optional.of(call.run());
        } catch (ErrorResponseException e) {
            if (e.response().code() == 404) {
                return Optional.empty();
            }
            throw failure(e);
        } catch (MinioException | IOException e) {
            throw failure(e);
        } catch (IllegalStateException e) {
            throw failure(unwrapped(e));
        }
    }

    /** Creates the bucket where it is missing, and tries again. */
    private void inBucket(Call<Object> call) {
        try {
            try {
                call.run();
            } catch (ErrorResponseException e) {
                if (!e.errorResponse().code().equals("NoSuchBucket")) {
                    throw e;
                }
                createBucket();
                call.run();
            }
        } catch (MinioException | IOException e) {
            throw failure(e);
        } catch (IllegalStateException e) {
            throw failure(unwrapped(e));
        }
    }

    /** The SDK wraps what its connection threw in an {@link IllegalStateException}. */
    private static IOException unwrapped(IllegalStateException e) {
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException io) {
                return io;
            }
        }
        throw e;
    }

    private void createBucket() throws MinioException {
        if (client.bucketExists(
                BucketExistsArgs.builder().bucket(settings.bucket()).build())) {
            return;
        }
        try {
            client.makeBucket(MakeBucketArgs.builder().bucket(settings.bucket()).build());
            LOG.info("bucket={} created at {}", settings.bucket(), settings.endpoint());
        } catch (ErrorResponseException e) {
            if (!BUCKET_EXISTS.contains(e.errorResponse().code())) { // else another process was quicker
                throw e;
            }
        }
    }

    private MillraceException failure(Exception e) {
        if (e instanceof ErrorResponseException response) {
            return answered(response);
        }
        Throwable cause = e.getCause() instanceof IOException io ? io : e;
        return StoreErrors.unavailable("the object store at " + settings.endpoint(), cause);
    }

    private MillraceException answered(ErrorResponseException e) {
        ErrorResponse answer = e.errorResponse();
        int status = e.response().code();
        if (status == 403 || REFUSALS.contains(answer.code())) {
            return new MillraceException(
                    ErrorCode.STORE_REFUSED,
                    "the object store at " + settings.endpoint() + " refuses key '" + settings.accessKey()
                            + "' for bucket '" + settings.bucket() + "' (" + answer.code()
                            + "); check millrace.s3.access-key, secret-key, bucket and region",
                    e);
        }
        return new MillraceException(
                ErrorCode.STORE_UNAVAILABLE,
                "the object store at " + settings.endpoint() + " answers " + status + " (" + answer.code() + ": "
                        + answer.message()
                        + "); it is tried again, and where this stays so, look at the store's log and its free disk",
                e);
    }
}
