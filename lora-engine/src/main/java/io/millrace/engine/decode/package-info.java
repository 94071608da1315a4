/** Generation with per-row adapters. */
package io.millrace.engine.decode;
