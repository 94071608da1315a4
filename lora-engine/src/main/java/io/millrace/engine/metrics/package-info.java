/** How near generated texts come to references, computed as the tools that people compare by do. */
package io.millrace.engine.metrics;
