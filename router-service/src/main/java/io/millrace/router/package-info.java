/** The router: select, lease, compose, generate, record. */
package io.millrace.router;
