/** What became of an input record: one outcome each, and a dead letter where it was refused. */
package io.millrace.trainer.outcome;
