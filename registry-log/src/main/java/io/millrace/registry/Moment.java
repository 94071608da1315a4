package io.millrace.registry;

import java.time.Instant;

/**
 * Where in the log a record stands.
 *
 * @param at the broker's time, never before that of an earlier record
 */
record Moment(long offset, Instant at) {}
