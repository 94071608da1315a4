/** The OpenAI-compatible API over HTTP. */
package io.millrace.router.api;
