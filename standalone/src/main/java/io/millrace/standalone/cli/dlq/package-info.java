/** Commands about dead letters: examples that were refused. */
package io.millrace.standalone.cli.dlq;
