/** The commands of {@code millrace}, one class each, and what they share: settings, output, failures. */
package io.millrace.standalone.cli;
