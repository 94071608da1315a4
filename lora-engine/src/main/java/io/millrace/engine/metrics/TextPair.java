package io.millrace.engine.metrics;

/**
 * What was generated and what was hoped for.
 *
 * @param hypothesis the generated text
 * @param reference the one to compare with
 */
public record TextPair(String hypothesis, String reference) {}
