/** Compositions of adapters as one adapter or one dense model, and directions that an adapter acts along. */
package io.millrace.engine.compose;
