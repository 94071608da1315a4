/**
 * Training of one adapter over a frozen base.
 *
 * <pre>{@code
 * TorchRuntime torch = TorchRuntime.start("auto", 2);
 * try (TrainingModel model = TrainingModels.load(torch, base, DType.BF16);
 *         AdapterTrainer trainer = model.create(LoraConfig.defaults(), seed)) {
 *     StepResult result = trainer.step(sequences, StepOptions.of(schedule.at(step), 8).withClip(0.3));
 * }
 * }</pre>
 *
 * The maths is TorchScript in {@code block.py}, {@code model.py}, {@code nf4.py} and {@code optimizer.py} beside this
 * package: forward with kept activations and backward by hand. Quantised weights are dequantised block by block, in the
 * forward and again in the backward, and never kept.
 */
package io.millrace.engine.train;
