/** A running system as a client sees it: over HTTP and Kafka. */
package io.millrace.standalone.client;
