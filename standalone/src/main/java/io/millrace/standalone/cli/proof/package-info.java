/** Commands that prove, rebuild and take apart what the journal has on record. */
package io.millrace.standalone.cli.proof;
