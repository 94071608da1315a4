/** Keeps Kafka Streams topologies running. */
package io.millrace.trainer.streams;
