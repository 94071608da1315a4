/** A real Kafka broker and an S3 server inside the JVM. */
package io.millrace.embedded;
