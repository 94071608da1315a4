/** Adapters as Hugging Face PEFT keeps them: a directory with weights, configuration and model card. */
package io.millrace.core.peft;
