/**
 * One decoding step on the CPU, computed by the JVM's own vector instructions: for few rows a step is bound by reading the
 * weights and by calling operators, and here they are read as fast as memory gives them and nothing is called.
 */
package io.millrace.vector;
