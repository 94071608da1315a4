/** The Kafka topics of a Millrace system: their names, their settings, and making sure that they exist so. */
package io.millrace.topics;
