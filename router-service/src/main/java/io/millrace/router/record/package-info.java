/** What was decided and what people made of it, to Kafka. */
package io.millrace.router.record;
