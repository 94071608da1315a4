/**
 * Computes versions again from the journal: {@code JournalReader} reads all of it, {@code History} sorts an adapter's
 * records into stretches of one fingerprint, {@code Recompute} goes through them and compares digests at each round.
 */
package io.millrace.trainer.proof;
