package io.millrace.engine.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.base.RandomBase;
import io.millrace.engine.decode.Generation.Result;
import io.millrace.engine.decode.Generation.Token;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.ComputeThread;
import io.millrace.engine.torch.TorchRuntime;
import io.millrace.vector.VectorUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Steps that the JVM computes, on prompts that libtorch computed. */
class VectorDecodingTest {
    private static final BaseDescription SHAPE = new BaseDescription(
            Digest.of("vectors"),
            "vectors",
            "llama",
            300,
            128,
            192,
            3,
            6,
            2,
            32,
            512,
            1e-5,
            true,
            new BaseDescription.Rope(10_000, Optional.empty()),
            Optional.empty(),
            List.of(2),
            BaseDescription.Quantisation.NF4);

    private final TorchRuntime torch = TorchRuntime.start("cpu", 2);
    private final RandomBase base = new RandomBase(SHAPE, 7);
    private EmbeddedGenerator generator;

    @BeforeEach
    void start() {
        assumeTrue(VectorUnit.available(), "no 512-bit vectors on this processor");
        generator = EmbeddedGenerator.start(
                torch,
                base,
                DecodeOptions.of(DType.BF16).ignoringEndOfText().withRows(12).withPrefillChunk(64),
                () -> 42);
        assertThat(generator.computesAlone(12)).isTrue();
    }

    @AfterEach
    void close() {
        if (generator != null) {
            generator.close();
        }
    }

    @Test
    void logProbabilitiesAreThoseOfTheWholeTextInFloat32() throws Exception {
        try (LoadedAdapter wide = generator.load(RandomAdapters.of(SHAPE, 1, 16, LoraConfig.ALL_LINEAR, 0.05f));
                LoadedAdapter narrow =
                        generator.load(RandomAdapters.of(SHAPE, 2, 3, List.of("q_proj", "v_proj", "down_proj"), 0.1f));
                LoadedAdapter deep = generator.load(
                        RandomAdapters.of(SHAPE, 3, 24, List.of("o_proj", "k_proj", "up_proj"), 0.05f))) {
            // Given more rows than are computed at a time, with all kinds of mixes, some longer than a tile of
            // attention
            List<List<WeightedAdapter>> mixes = List.of(
                    List.of(),
                    List.of(new WeightedAdapter(wide, 0.7f)),
                    List.of(new WeightedAdapter(wide, 0.5f), new WeightedAdapter(narrow, -1f)),
                    List.of(new WeightedAdapter(deep, 1f), new WeightedAdapter(wide, 0.1f)));
            List<GenerationRequest> requests = IntStream.range(0, 12)
                    .mapToObj(i -> request(prompt(i, 3 + 17 * i), mixes.get(i % mixes.size()), 30 + i))
                    .toList();

            // When they are generated together
            List<Generation> together = requests.stream()
                    .map(request -> generator.submit(request, token -> {}))
                    .toList();

            // Then each token's log probability is the one that a pass over the whole text gives
            try (Reference reference = new Reference(torch, base)) {
                for (int i = 0; i < requests.size(); i++) {
                    List<Token> tokens = together.get(i).result().join().tokens();
                    float[] expected = reference.logprobs(requests.get(i), tokens, i % mixes.size());
                    for (int t = 0; t < tokens.size(); t++) {
                        assertThat(tokens.get(t).logprob())
                                .as("request %s, token %s", i, t)
                                .isCloseTo(expected[t], within(0.04f));
                    }
                }
            }
        }
    }

    @Test
    void aRowIsTheSameWhateverSharesItsBatch() {
        try (LoadedAdapter adapter = generator.load(RandomAdapters.of(SHAPE, 1, 8, LoraConfig.ALL_LINEAR, 0.1f))) {
            GenerationRequest request = request(prompt(3, 40), List.of(new WeightedAdapter(adapter, 1)), 60);
            Result alone = generator.submit(request, token -> {}).result().join();

            List<Generation> others = IntStream.range(0, 10)
                    .mapToObj(i -> generator.submit(request(prompt(i, 5), List.of(), 9 * i + 1), token -> {}))
                    .toList();
            Result together = generator.submit(request, token -> {}).result().join();

            assertThat(together.text()).isEqualTo(alone.text());
            others.forEach(other -> other.result().join());
        }
    }

    @Test
    void anOverflowFailsItsOwnRowOnly() {
        try (LoadedAdapter huge = generator.load(RandomAdapters.of(SHAPE, 4, 8, LoraConfig.ALL_LINEAR, 1e19f))) {
            GenerationRequest request = request(prompt(3, 12), List.of(), 40);
            Result alone = generator.submit(request, token -> {}).result().join();

            Generation fine = generator.submit(request, token -> {});
            Generation broken =
                    generator.submit(request(prompt(4, 1), List.of(new WeightedAdapter(huge, 1e10f)), 10), token -> {});

            assertThatThrownBy(() -> broken.result().join())
                    .cause()
                    .isInstanceOfSatisfying(
                            MillraceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NON_FINITE));
            assertThat(fine.result().join().text()).isEqualTo(alone.text());
        }
    }

    private static GenerationRequest request(int[] prompt, List<WeightedAdapter> mix, int tokens) {
        return new GenerationRequest(prompt, mix, tokens, List.of(), 0, 1, OptionalLong.empty(), true, 0);
    }

    private static int[] prompt(long seed, int length) {
        return new SplittableRandom(seed).ints(length, 0, SHAPE.vocabSize()).toArray();
    }

    /** libtorch in float32, one pass over a whole text. */
    private static final class Reference implements AutoCloseable {
        private final PromptLogits logits;
        private final List<List<WeightedAdapter>> mixes = new ArrayList<>();

        Reference(TorchRuntime torch, RandomBase base) {
            this.logits = new PromptLogits(torch, base, DType.F32, 512);
            LoadedAdapter wide = logits.load(RandomAdapters.of(SHAPE, 1, 16, LoraConfig.ALL_LINEAR, 0.05f));
            LoadedAdapter narrow =
                    logits.load(RandomAdapters.of(SHAPE, 2, 3, List.of("q_proj", "v_proj", "down_proj"), 0.1f));
            LoadedAdapter deep =
                    logits.load(RandomAdapters.of(SHAPE, 3, 24, List.of("o_proj", "k_proj", "up_proj"), 0.05f));
            mixes.add(List.of());
            mixes.add(List.of(new WeightedAdapter(wide, 0.7f)));
            mixes.add(List.of(new WeightedAdapter(wide, 0.5f), new WeightedAdapter(narrow, -1f)));
            mixes.add(List.of(new WeightedAdapter(deep, 1f), new WeightedAdapter(wide, 0.1f)));
        }

        float[] logprobs(GenerationRequest request, List<Token> tokens, int mix) throws Exception {
            int[] text = IntStream.concat(
                            IntStream.of(request.promptIds()), tokens.stream().mapToInt(Token::id))
                    .toArray();
            PromptLogits.Scores scores = ComputeThread.call(() -> logits.score(text, mixes.get(mix)));
            float[] logprobs = new float[tokens.size()];
            for (int t = 0; t < logprobs.length; t++) {
                logprobs[t] = -scores.negativeLogLikelihoods()[request.promptIds().length - 1 + t];
            }
            return logprobs;
        }

        @Override
        public void close() {
            logits.close();
        }
    }
}
