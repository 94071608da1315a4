package io.millrace.engine.train;

/**
 * What one optimizer step saw.
 *
 * @param loss weighted mean negative log-likelihood of the step's labelled tokens, before the update
 * @param sequenceLosses mean negative log-likelihood of each sequence's labelled tokens, before the update
 * @param gradNorm global gradient norm before clipping
 * @param labelledTokens how many tokens the loss counts
 */
public record StepResult(double loss, double[] sequenceLosses, double gradNorm, int labelledTokens) {}
