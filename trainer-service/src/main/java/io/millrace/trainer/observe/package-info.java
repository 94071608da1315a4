/**
 * What is seen of adapters at work: rewards from the feedback on their answers, health from the journal, both as aggregates
 * that Kafka Streams keeps in topics of their own.
 */
package io.millrace.trainer.observe;
