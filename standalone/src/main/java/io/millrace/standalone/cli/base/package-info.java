/** {@code millrace base}: the models that adapters are trained over. */
package io.millrace.standalone.cli.base;
