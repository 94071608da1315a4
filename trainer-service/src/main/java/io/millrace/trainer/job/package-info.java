/**
 * Work that people ask the trainer for beside its training: it runs on a thread of its own, one after another, and yields
 * to live training between optimizer steps.
 */
package io.millrace.trainer.job;
