/** The whole system in one JVM: data folder, embedded Kafka and object store, and the three services under Quarkus. */
package io.millrace.standalone.system;
