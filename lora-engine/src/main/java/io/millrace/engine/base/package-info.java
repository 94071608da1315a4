/** Bases: import, storage, quantisation. */
package io.millrace.engine.base;
