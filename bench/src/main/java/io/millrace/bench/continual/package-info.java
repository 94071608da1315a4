/**
 * What an adapter learns from a stream of tasks, what it forgets, and how that compares with training on all at once. The
 * trainer's own plans, rounds and heads, with the journal in memory.
 */
package io.millrace.bench.continual;
