/** The registry: a pure fold over one log, its read view, and its tail over Kafka. Knows no service framework. */
package io.millrace.registry;
