package io.millrace.engine.decode;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.LoraConfig;
import io.millrace.engine.DType;
import io.millrace.engine.Resident;
import io.millrace.engine.base.Base;
import io.millrace.engine.base.BaseStore;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.engine.train.LlamaTrainingModel;
import io.millrace.engine.train.LoraTrainer;
import io.millrace.engine.train.TrainingModels;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecodeSoakTest {
    private static final int ROWS = 4;
    private static final int TOKENS = 25;

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);

    @Test
    void twoThousandTokensKeepNothing(@TempDir Path bases) {
        long handlesBefore = TorchRuntime.liveHandles();
        try (Base base = new BaseStore(bases).open("nano");
                LlamaTrainingModel model = TrainingModels.load(torch, base, DType.BF16);
                LoraTrainer trainer = model.create(LoraConfig.of(8, 16, 0, Set.copyOf(LoraConfig.ALL_LINEAR)), 1);
                EmbeddedGenerator generator = EmbeddedGenerator.start(
                        torch, base, DecodeOptions.of(DType.BF16).ignoringEndOfText(), () -> 1)) {
            // Given a generator whose caches have seen such requests before
            IntStream.range(0, 10).forEach(round -> rounds(generator, trainer, round));
            long residentBefore = Resident.kilobytes();

            // When it answers more of them, each round with an adapter loaded anew
            IntStream.range(10, 30).forEach(round -> rounds(generator, trainer, round));

            // Then memory stays; the JVM's own heap may still grow a little
            assertThat(Resident.kilobytes() - residentBefore).isLessThan(64_000);
        }
        assertThat(TorchRuntime.liveHandles()).isEqualTo(handlesBefore);
    }

    private static void rounds(EmbeddedGenerator generator, LoraTrainer trainer, int round) {
        try (LoadedAdapter adapter = generator.load(trainer.weights())) {
            List<Generation> generations = IntStream.range(0, ROWS)
                    .mapToObj(row -> generator.submit(
                            GenerationRequest.greedy(
                                    new SplittableRandom((long) ROWS * round + row)
                                            .ints(20 + 5 * row, 0, 200)
                                            .toArray(),
                                    row == 0 ? List.of() : List.of(new WeightedAdapter(adapter, 1)),
                                    TOKENS),
                            token -> {}))
                    .toList();
            generations.forEach(generation ->
                    assertThat(generation.result().join().tokens()).hasSize(TOKENS));
        }
    }
}
