/** Benchmarks, each printing one JSON line per figure. */
package io.millrace.bench;
