/** Sentence embeddings (MiniLM, in-process) and the prototypes that requests are routed by. Knows no framework. */
package io.millrace.embedding;
