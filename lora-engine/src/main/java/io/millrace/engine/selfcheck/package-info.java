/** Golden cases: this engine against the numbers of bitsandbytes, transformers and PEFT. */
package io.millrace.engine.selfcheck;
