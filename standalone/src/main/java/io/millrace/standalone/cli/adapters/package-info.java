/** {@code millrace adapters}: registry work. */
package io.millrace.standalone.cli.adapters;
