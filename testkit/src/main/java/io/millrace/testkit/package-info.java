/** Fixtures for tests. */
package io.millrace.testkit;
