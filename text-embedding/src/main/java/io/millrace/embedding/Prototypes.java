package io.millrace.embedding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where one adapter's prompts lie: up to 32 unit vectors, and how far its own prompts spread around them. Equal sets of
 * embeddings, in whatever order, give equal prototypes, bit for bit.
 *
 * @param centroids each of the embedder's dimension, of length 1 within the codec's precision
 * @param examples embeddings they were fitted on
 */
public record Prototypes(List<float[]> centroids, long examples, Spread spread) {
    public static final int MAX_PROTOTYPES = 32;

    /** More embeddings than this add nothing that routing would notice; an even selection of them is fitted. */
    private static final int MAX_EXAMPLES = 4096;

    public Prototypes {
        centroids = List.copyOf(centroids);
        if (centroids.isEmpty()) {
            throw new IllegalArgumentException("prototypes need at least one centroid");
        }
        int dimension = centroids.get(0).length;
        if (centroids.stream().anyMatch(c -> c.length != dimension)) {
            throw new IllegalArgumentException("all centroids must have the same dimension");
        }
    }

    /** Up to {@link #MAX_PROTOTYPES} of them. */
    public static Prototypes fit(List<float[]> embeddings, long seed) {
        return fit(embeddings, MAX_PROTOTYPES, seed);
    }

    /** @param embeddings at least one, of length 1 */
    public static Prototypes fit(List<float[]> embeddings, int maxPrototypes, long seed) {
        if (embeddings.isEmpty()) {
            throw new IllegalArgumentException("prototypes need at least one embedding");
        }
        List<float[]> points = selection(embeddings);
        List<float[]> centroids = SphericalKMeans.fit(points, maxPrototypes, seed).stream()
                .map(PrototypesCodec::rounded)
                .toList();
        return new Prototypes(centroids, embeddings.size(), Spread.of(unseenSimilarities(points, maxPrototypes, seed)));
    }

    /** Cosine of the nearest centroid to a unit vector. */
    public float nearest(float[] embedding) {
        return (float) nearest(centroids, embedding);
    }

    public int dimension() {
        return centroids.get(0).length;
    }

    /** As a blob; {@link #decode} gives an equal value back. */
    public byte[] encode() {
        return PrototypesCodec.encode(this);
    }

    /** @throws IllegalArgumentException where the bytes aren't prototypes */
    public static Prototypes decode(byte[] content) {
        return PrototypesCodec.decode(content);
    }

    private static double nearest(List<float[]> centroids, float[] embedding) {
        return centroids.stream()
                .mapToDouble(c -> Vectors.dot(c, embedding))
                .max()
                .orElse(-1);
    }

    private static List<float[]> selection(List<float[]> embeddings) {
        List<float[]> sorted = new ArrayList<>(embeddings);
        sorted.sort(Arrays::compare);
        if (sorted.size() <= MAX_EXAMPLES) {
            return sorted;
        }
        List<float[]> even = new ArrayList<>();
        for (int i = 0; i < MAX_EXAMPLES; i++) {
            even.add(sorted.get((int) ((long) i * sorted.size() / MAX_EXAMPLES)));
        }
        return even;
    }

    /** Two-fold: each half's similarities to prototypes of the other half. */
    private static double[] unseenSimilarities(List<float[]> points, int maxPrototypes, long seed) {
        List<List<float[]>> halves = List.of(new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < points.size(); i++) {
            halves.get(i % 2).add(points.get(i));
        }
        if (halves.get(1).isEmpty()) {
            return new double[0];
        }
        List<float[]> first = SphericalKMeans.fit(halves.get(0), maxPrototypes, seed);
        List<float[]> second = SphericalKMeans.fit(halves.get(1), maxPrototypes, seed);
        double[] similarities = new double[points.size()];
        for (int i = 0; i < points.size(); i++) {
            similarities[i] = nearest(i % 2 == 0 ? second : first, points.get(i));
        }
        return similarities;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Prototypes p && Arrays.equals(encode(), p.encode());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encode());
    }
}
