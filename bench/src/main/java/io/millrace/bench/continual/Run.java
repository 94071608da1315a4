package io.millrace.bench.continual;

/** How a stream is trained. */
enum Run {
    /** Each example once and nothing else. */
    PLAIN,
    /** With earlier examples in between, as the settings say. */
    REPLAY
}
