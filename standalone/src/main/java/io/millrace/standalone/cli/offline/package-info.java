/** Commands that need no running system: a base, PEFT directories and files of examples. */
package io.millrace.standalone.cli.offline;
