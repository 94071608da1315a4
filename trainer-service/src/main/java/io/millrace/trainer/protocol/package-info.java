/**
 * The protocol that loses nothing and trains nothing twice, without Kafka: rounds as sealed states, the head as a pure
 * fold over the journal. Everything here is immutable and deterministic.
 */
package io.millrace.trainer.protocol;
