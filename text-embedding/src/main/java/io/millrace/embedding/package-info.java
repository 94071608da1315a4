/** Sentence embeddings and routing prototypes. */
package io.millrace.embedding;
