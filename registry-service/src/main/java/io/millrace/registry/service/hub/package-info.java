/** Reads as clients of the Hugging Face hub make them. */
package io.millrace.registry.service.hub;
