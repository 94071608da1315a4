/**
 * The <a href="https://github.com/huggingface/safetensors#format">safetensors</a> file format: an 8-byte little-endian
 * header length, a JSON header, then the tensors' bytes without holes.
 */
package io.millrace.core.safetensors;
