/** Training of one adapter over a frozen base. */
package io.millrace.engine.train;
