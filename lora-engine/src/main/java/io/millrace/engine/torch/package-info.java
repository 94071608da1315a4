/** The one place that knows DJL's PyTorch engine: TorchScript modules from source text, typed calls, tensors. */
package io.millrace.engine.torch;
