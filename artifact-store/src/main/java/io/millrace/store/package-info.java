/** Immutable blobs by digest, and replaceable snapshots beside them. Knows no service framework. */
package io.millrace.store;
