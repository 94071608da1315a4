/**
 * The worker: one thread polls the curated examples and owns the transactions, another one computes. What a step computed
 * is a {@link io.millrace.trainer.worker.Proposal}; the polling thread writes it, all or nothing, together with the
 * consumer's offsets. Whatever goes wrong beyond one round ends the worker; the next one recovers from the journal.
 */
package io.millrace.trainer.worker;
