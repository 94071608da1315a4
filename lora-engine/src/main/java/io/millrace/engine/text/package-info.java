/** Tokens, chat templates, and examples as token sequences. */
package io.millrace.engine.text;
