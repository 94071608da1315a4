/** Curate: parse, repartition by adapter, drop duplicates, assign held-out. A Kafka Streams topology. */
package io.millrace.trainer.curate;
