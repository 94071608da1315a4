/**
 * Kills a running system again and again and then counts: what was sent, what became of it, and whether all of it can be
 * computed again.
 */
package io.millrace.bench.chaos;
