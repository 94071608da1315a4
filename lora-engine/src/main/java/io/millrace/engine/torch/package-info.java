/**
 * The one place that knows DJL's PyTorch engine: TorchScript modules from source text, typed calls, tensors.
 *
 * <pre>{@code
 * TorchRuntime torch = TorchRuntime.start("auto", 2);
 * try (TorchModule module = torch.load(TorchSource.resource(Owner.class, "maths.py"));
 *         Tensor x = torch.tensor(new float[] {1, 2}, 2);
 *         Tensor y = module.call("scaled").arg(x).arg(10.0).toTensor()) {
 *     float[] result = y.toFloats();
 * }
 * }</pre>
 *
 * Every {@link io.millrace.engine.torch.Tensor} and {@link io.millrace.engine.torch.TensorList} has one owner, who
 * closes it; {@link io.millrace.engine.torch.TensorScope} closes many. Errors inside libtorch are MillraceExceptions.
 */
package io.millrace.engine.torch;
