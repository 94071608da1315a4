/** REST, gRPC and Hugging Face-compatible reads of the registry. */
package io.millrace.registry.service;
