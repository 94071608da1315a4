package io.millrace.bench;

import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Looks versions up over HTTP, by id, ordinal and alias in turn, some requests at once. */
final class LookupLoad {
    private static final long SEED = 7;

    private final String versionsUrl;
    private final List<VersionId> ids;
    private final int threads;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    LookupLoad(String url, AdapterName adapter, List<VersionId> ids, int threads) {
        this.versionsUrl = url + "/api/v1/adapters/" + adapter + "/versions/";
        this.ids = List.copyOf(ids);
        this.threads = threads;
    }

    /** @param nanos of each lookup, sorted */
    record Result(long[] nanos, double seconds) {
        double perSecond() {
            return nanos.length / seconds;
        }

        long percentileMicros(double fraction) {
            return nanos[(int) Math.min(nanos.length - 1, (long) (fraction * nanos.length))] / 1_000;
        }
    }

    Result run(int lookups) throws InterruptedException {
        ExecutorService workers = Executors.newFixedThreadPool(threads);
        try {
            long start = System.nanoTime();
            List<Future<long[]>> parts = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int count = lookups / threads + (t < lookups % threads ? 1 : 0);
                Random random = new Random(SEED + t);
                parts.add(workers.submit(() -> lookUp(count, random)));
            }
            long[] all = new long[lookups];
            int filled = 0;
            for (Future<long[]> part : parts) {
                long[] nanos = part.get();
                System.arraycopy(nanos, 0, all, filled, nanos.length);
                filled += nanos.length;
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            Arrays.sort(all);
            return new Result(all, seconds);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof MillraceException failed ? failed : new IllegalStateException(e.getCause());
        } finally {
            workers.shutdownNow();
        }
    }

    private long[] lookUp(int count, Random random) throws IOException, InterruptedException {
        long[] nanos = new long[count];
        for (int i = 0; i < count; i++) {
            int n = random.nextInt(ids.size());
            String revision =
                    switch (i % 3) {
                        case 0 -> ids.get(n).hex();
                        case 1 -> "v" + (n + 1);
                        default -> "champion";
                    };
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(versionsUrl + revision)).build();
            long start = System.nanoTime();
            int status =
                    http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
            nanos[i] = System.nanoTime() - start;
            if (status != 200) {
                throw new MillraceException(ErrorCode.INTERNAL, versionsUrl + revision + " answers " + status);
            }
        }
        return nanos;
    }
}
