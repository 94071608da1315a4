/**
 * The steps of a round, each one class: {@code Plan}, {@code Train}; and what they need: archives of examples, heads on
 * the device, checkpoints. All of it runs on the training thread.
 */
package io.millrace.trainer.train;
