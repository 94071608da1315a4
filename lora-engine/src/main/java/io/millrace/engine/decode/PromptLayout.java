package io.millrace.engine.decode;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * How the prompt tokens of some rows stand in one pass: one row's after another's, without gaps.
 *
 * @param parts at least one; their rows follow one another in the cache
 */
record PromptLayout(List<PromptPart> parts) {
    /** A block of equal rows has at most so many places for each token. */
    private static final int MOST_PLACES_PER_TOKEN = 2;

    long[] tokens() {
        return parts.stream()
                .flatMapToInt(part -> IntStream.of(part.tokens()))
                .asLongStream()
                .toArray();
    }

    /** Where in its row each token stands. */
    long[] positions() {
        return parts.stream()
                .flatMapToInt(part -> IntStream.range(part.start(), part.start() + part.tokens().length))
                .asLongStream()
                .toArray();
    }

    long[] starts() {
        return parts.stream().mapToLong(PromptPart::start).toArray();
    }

    /** Where each part's tokens begin among all, and where the last ones end. */
    long[] begins() {
        long[] begins = new long[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            begins[i + 1] = begins[i] + parts.get(i).tokens().length;
        }
        return begins;
    }

    /** Each part's last token among all. */
    long[] last() {
        return LongStream.of(begins()).skip(1).map(end -> end - 1).toArray();
    }

    /**
     * For rows that can be computed as a block of equal rows, each as long as the longest and filled up with its last token:
     * which of the tokens stands in each place of the block, and in which place each token stands. Else nothing: where
     * there is one row only, where not all are at their start, or where the lengths are too different.
     */
    List<long[]> abreast() {
        long[] begins = begins();
        int longest =
                parts.stream().mapToInt(part -> part.tokens().length).max().orElseThrow();
        long places = (long) longest * parts.size();
        if (parts.size() == 1
                || parts.stream().anyMatch(part -> part.start() > 0)
                || places > MOST_PLACES_PER_TOKEN * begins[parts.size()]) {
            return List.of();
        }
        LongStream.Builder tokenAt = LongStream.builder();
        LongStream.Builder placeOf = LongStream.builder();
        for (int i = 0; i < parts.size(); i++) {
            int count = parts.get(i).tokens().length;
            for (int j = 0; j < longest; j++) {
                tokenAt.add(begins[i] + Math.min(j, count - 1));
                if (j < count) {
                    placeOf.add((long) i * longest + j);
                }
            }
        }
        return List.of(tokenAt.build().toArray(), placeOf.build().toArray());
    }
}
