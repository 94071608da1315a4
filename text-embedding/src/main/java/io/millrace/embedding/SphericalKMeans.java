package io.millrace.embedding;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** K-means on the unit sphere (Dhillon and Modha 2001), seeded as k-means++ (Arthur and Vassilvitskii 2007). */
final class SphericalKMeans {
    private static final int MAX_ITERATIONS = 20;

    private SphericalKMeans() {}

    /** @return at most {@code k} unit vectors; fewer where fewer points differ */
    static List<float[]> fit(List<float[]> points, int k, long seed) {
        List<float[]> centroids = seedCentroids(points, k, new Random(seed));
        int[] assigned = new int[points.size()];
        Arrays.fill(assigned, -1);
        for (int iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
            if (!assign(points, centroids, assigned)) {
                break;
            }
            centroids = means(points, centroids, assigned);
        }
        return centroids;
    }

    private static List<float[]> seedCentroids(List<float[]> points, int k, Random random) {
        List<float[]> centroids = new ArrayList<>();
        double[] distance = new double[points.size()];
        Arrays.fill(distance, 1);
        while (centroids.size() < k) {
            double total = Arrays.stream(distance).sum();
            if (total < 1e-6) {
                break;
            }
            double mark = random.nextDouble() * total;
            int chosen = 0;
            for (double passed = distance[0]; passed <= mark && chosen < distance.length - 1; ) {
                passed += distance[++chosen];
            }
            float[] centroid = points.get(chosen);
            centroids.add(centroid);
            for (int i = 0; i < distance.length; i++) {
                distance[i] = Math.max(0, Math.min(distance[i], 1 - Vectors.dot(points.get(i), centroid)));
            }
            distance[chosen] = 0;
        }
        return centroids;
    }

    /** @return whether any point changed its centroid */
    private static boolean assign(List<float[]> points, List<float[]> centroids, int[] assigned) {
        boolean changed = false;
        for (int i = 0; i < assigned.length; i++) {
            int best = 0;
            double bestSimilarity = Double.NEGATIVE_INFINITY;
            for (int c = 0; c < centroids.size(); c++) {
                double similarity = Vectors.dot(points.get(i), centroids.get(c));
                if (similarity > bestSimilarity) {
                    bestSimilarity = similarity;
                    best = c;
                }
            }
            changed |= assigned[i] != best;
            assigned[i] = best;
        }
        return changed;
    }

    private static List<float[]> means(List<float[]> points, List<float[]> centroids, int[] assigned) {
        List<float[]> next = new ArrayList<>();
        for (int c = 0; c < centroids.size(); c++) {
            double[] sum = new double[centroids.get(c).length];
            boolean any = false;
            for (int i = 0; i < assigned.length; i++) {
                if (assigned[i] == c) {
                    any = true;
                    float[] point = points.get(i);
                    for (int d = 0; d < sum.length; d++) {
                        sum[d] += point[d];
                    }
                }
            }
            next.add(any ? Vectors.normalised(sum) : centroids.get(c));
        }
        return next;
    }
}
