package io.millrace.engine.train;

/** SplitMix64 (Steele, Lea and Flood 2014): numbers that depend on the seed alone, on every JDK. */
final class SplitMix {
    private static final long GAMMA = 0x9e3779b97f4a7c15L;

    private long state;

    SplitMix(long seed) {
        state = seed;
    }

    /** A number that depends on both, each bit on all of theirs. */
    static long mix(long seed, long key) {
        return finish(finish(seed + GAMMA) ^ (key * GAMMA + GAMMA));
    }

    long nextLong() {
        state += GAMMA;
        return finish(state);
    }

    /** In [0, 1), a multiple of 2^-24. */
    float nextFloat() {
        return (nextLong() >>> 40) * 0x1p-24f;
    }

    private static long finish(long x) {
        long z = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
