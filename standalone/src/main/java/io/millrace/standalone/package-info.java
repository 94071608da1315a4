/** One JVM with everything, and the command line. */
package io.millrace.standalone;
