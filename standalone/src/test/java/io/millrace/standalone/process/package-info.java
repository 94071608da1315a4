/** The packaged applications, run as processes of their own, as people run them. */
package io.millrace.standalone.process;
