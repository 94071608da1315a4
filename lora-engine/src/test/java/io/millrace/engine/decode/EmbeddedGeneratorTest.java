package io.millrace.engine.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.millrace.core.AdapterWeights;
import io.millrace.core.BaseDescription;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.LoraConfig;
import io.millrace.core.MillraceException;
import io.millrace.engine.DType;
import io.millrace.engine.base.RandomBase;
import io.millrace.engine.decode.Generation.FinishReason;
import io.millrace.engine.decode.Generation.Result;
import io.millrace.engine.decode.Generation.Token;
import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import io.millrace.engine.torch.TorchRuntime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EmbeddedGeneratorTest {
    private static final BaseDescription SHAPE = new BaseDescription(
            Digest.of("random"),
            "random",
            "llama",
            300,
            64,
            96,
            2,
            4,
            2,
            16,
            512,
            1e-5,
            true,
            new BaseDescription.Rope(10_000, Optional.empty()),
            Optional.empty(),
            List.of(2),
            BaseDescription.Quantisation.NF4);

    private final TorchRuntime torch = TorchRuntime.start("cpu", 1);
    private final RandomBase base = new RandomBase(SHAPE, 7);
    private final long handlesBefore = TorchRuntime.liveHandles();
    private EmbeddedGenerator generator = start(options());

    @AfterEach
    void everythingIsFreed() {
        generator.close();
        assertThat(TorchRuntime.liveHandles()).isEqualTo(handlesBefore);
    }

    private static DecodeOptions options() {
        return DecodeOptions.of(DType.F32)
                .ignoringEndOfText()
                .withRows(4)
                .withPrefillChunk(5)
                .withCacheTokens(2048);
    }

    private EmbeddedGenerator start(DecodeOptions options) {
        return EmbeddedGenerator.start(torch, base, options, () -> 42);
    }

    private void restart(DecodeOptions options) {
        generator.close();
        generator = start(options);
    }

    @Test
    void aRequestGetsTheSameAnswerWhateverSharesItsBatch() {
        try (LoadedAdapter wide = generator.load(adapter(1, 8, LoraConfig.ALL_LINEAR));
                LoadedAdapter narrow = generator.load(adapter(2, 3, List.of("q_proj", "v_proj")));
                LoadedAdapter other = generator.load(adapter(3, 24, List.of("down_proj", "k_proj")))) {
            // Given more requests than rows, of different lengths, mixes and ends
            List<List<WeightedAdapter>> mixes = List.of(
                    List.of(),
                    List.of(new WeightedAdapter(wide, 0.7f)),
                    List.of(new WeightedAdapter(wide, 0.5f), new WeightedAdapter(narrow, -1f)),
                    List.of(new WeightedAdapter(other, 1f), new WeightedAdapter(wide, 0.1f)),
                    List.of(new WeightedAdapter(narrow, 1f)));
            List<GenerationRequest> requests = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                requests.add(
                        GenerationRequest.greedy(prompt(i, 2 + 20 * i), mixes.get(i % mixes.size()), 5 + 3 * (i % 4)));
            }
            List<Result> alone = requests.stream().map(this::generate).toList();

            // When they run together
            List<Generation> together =
                    requests.stream().map(r -> generator.submit(r, token -> {})).toList();

            // Then nothing changes, and mixes make a difference
            assertThat(together.stream().map(g -> g.result().join()).toList()).isEqualTo(alone);
            assertThat(alone).allSatisfy(r -> assertThat(r.finishReason()).isEqualTo(FinishReason.LENGTH));
            assertThat(mixes.stream()
                            .map(mix -> generate(GenerationRequest.greedy(prompt(1, 20), mix, 30))
                                    .text())
                            .distinct())
                    .hasSizeGreaterThan(3);
        }
    }

    @Test
    void promptsOfABurstAreEachAsAlone() {
        try (LoadedAdapter first = generator.load(adapter(1, 24, LoraConfig.ALL_LINEAR));
                LoadedAdapter second = generator.load(adapter(2, 24, LoraConfig.ALL_LINEAR));
                LoadedAdapter third = generator.load(adapter(3, 24, LoraConfig.ALL_LINEAR));
                LoadedAdapter partial = generator.load(adapter(4, 24, List.of("o_proj", "up_proj")))) {
            List<WeightedAdapter> one = List.of(new WeightedAdapter(first, 1));
            List<WeightedAdapter> two = List.of(new WeightedAdapter(second, 0.5f));
            List<WeightedAdapter> three = List.of(new WeightedAdapter(third, -1));
            List<WeightedAdapter> some = List.of(new WeightedAdapter(partial, 1));
            // Given bursts of prompts: as long as each other, of some lengths, of very different ones
            for (int[] lengths :
                    List.of(new int[] {60, 60, 60, 60}, new int[] {60, 45, 70, 52}, new int[] {200, 5, 9, 3})) {
                // with adapters alike, not alike, and some or all without
                for (List<List<WeightedAdapter>> mixes : List.of(
                        List.of(one, two, three, one),
                        List.of(one, two, some, one),
                        List.of(one, two, List.<WeightedAdapter>of(), one),
                        Collections.nCopies(4, List.<WeightedAdapter>of()))) {
                    List<GenerationRequest> requests = IntStream.range(0, 4)
                            .mapToObj(i -> GenerationRequest.greedy(prompt(i, lengths[i]), mixes.get(i), 8))
                            .toList();
                    List<Result> alone = requests.stream().map(this::generate).toList();

                    List<Generation> together = requests.stream()
                            .map(request -> generator.submit(request, token -> {}))
                            .toList();

                    assertThat(together.stream().map(g -> g.result().join()).toList())
                            .isEqualTo(alone);
                }
            }
        }
    }

    @Test
    void bf16IsCloseToF32() {
        int[] prompt = prompt(3, 30);
        List<Float> firstLogprobs = new ArrayList<>();
        for (DType dtype : DType.values()) {
            restart(new DecodeOptions(dtype, 4, 256, 512, 2048, 5, false));
            try (LoadedAdapter adapter = generator.load(adapter(1, 8, LoraConfig.ALL_LINEAR))) {
                Generation other = generator.submit(GenerationRequest.greedy(prompt(1, 9), List.of(), 40), t -> {});
                Result result = generate(new GenerationRequest(
                        prompt,
                        List.of(new WeightedAdapter(adapter, 0.7f)),
                        2,
                        List.of(),
                        0,
                        1,
                        OptionalLong.empty(),
                        true,
                        0));
                result.tokens().forEach(token -> firstLogprobs.add(token.logprob()));
                assertThat(other.result().join().tokens()).hasSize(40);
            }
        }

        assertThat(firstLogprobs).hasSize(4);
        assertThat(firstLogprobs.get(2)).isCloseTo(firstLogprobs.get(0), within(0.1f));
        assertThat(firstLogprobs.get(3)).isCloseTo(firstLogprobs.get(1), within(0.1f));
    }

    @Test
    void aWeightedSumOfAnAdapterIsTheAdapter() {
        try (LoadedAdapter adapter = generator.load(adapter(1, 8, LoraConfig.ALL_LINEAR))) {
            int[] prompt = prompt(3, 30);
            List<WeightedAdapter> whole = List.of(new WeightedAdapter(adapter, 1));
            List<WeightedAdapter> parts =
                    List.of(new WeightedAdapter(adapter, 1.5f), new WeightedAdapter(adapter, -0.5f));
            List<WeightedAdapter> nothing = List.of(new WeightedAdapter(adapter, 0));

            assertThat(generate(GenerationRequest.greedy(prompt, parts, 30)))
                    .isEqualTo(generate(GenerationRequest.greedy(prompt, whole, 30)))
                    .isNotEqualTo(generate(GenerationRequest.greedy(prompt, List.of(), 30)));
            assertThat(generate(GenerationRequest.greedy(prompt, nothing, 30)))
                    .isEqualTo(generate(GenerationRequest.greedy(prompt, List.of(), 30)));
        }
    }

    @Test
    void aCancelledRequestFreesItsRow() throws InterruptedException {
        // Given a batch with one row only, taken by a long answer, and one that waits
        restart(options().withRows(1));
        CountDownLatch begun = new CountDownLatch(3);
        Generation running =
                generator.submit(GenerationRequest.greedy(prompt(1, 4), List.of(), 500), token -> begun.countDown());
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();
        Generation waiting = generator.submit(GenerationRequest.greedy(prompt(2, 4), List.of(), 3), token -> {});

        // When the first is cancelled
        running.cancel();

        // Then the second gets its row
        assertThat(running.result().join().finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(running.result().join().tokens()).hasSizeBetween(3, 499);
        assertThat(waiting.result().join().tokens()).hasSize(3);
        assertThat(generator.activeRows()).isZero();
    }

    @Test
    void aRequestThatWaitsCanBeCancelled() {
        restart(options().withRows(1));
        Generation running = generator.submit(GenerationRequest.greedy(prompt(1, 4), List.of(), 500), token -> {});
        Generation waiting = generator.submit(GenerationRequest.greedy(prompt(2, 4), List.of(), 3), token -> {});

        waiting.cancel();

        assertThat(waiting.result().join()).isEqualTo(new Result("", List.of(), FinishReason.CANCELLED, 4));
        running.cancel();
        running.result().join();
    }

    @Test
    void theSameSeedGivesTheSameTextWhateverElseRuns() {
        GenerationRequest seeded = sampled(5, 1.0, 1.0);
        Result alone = generate(seeded);
        List<Generation> others = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            others.add(generator.submit(sampled(100 + i, 1.3, 0.8), token -> {}));
        }
        Result inCompany = generate(seeded);
        others.forEach(g -> g.result().join());

        assertThat(inCompany).isEqualTo(alone);
        assertThat(generate(sampled(6, 1.0, 1.0)).text()).isNotEqualTo(alone.text());
    }

    @Test
    void aSmallNucleusOrALowTemperatureIsGreedy() {
        Result greedy = generate(GenerationRequest.greedy(prompt(9, 10), List.of(), 20));

        assertThat(generate(sampled(5, 1.0, 1e-9)).text()).isEqualTo(greedy.text());
        assertThat(generate(sampled(5, 1e-6, 1.0)).text()).isEqualTo(greedy.text());
    }

    @Test
    void anAnswerEndsBeforeAStopTextThatCrossesTokens() {
        // Given an answer, and a stop text made of its letters 7..9 (each token is one letter)
        String whole = generate(sampled(5, 1.0, 1.0)).text();
        String stop = whole.substring(7, 10);
        GenerationRequest plain = sampled(5, 1.0, 1.0);
        List<String> shown = new ArrayList<>();

        // When the same is generated with it
        Result result = generator
                .submit(
                        new GenerationRequest(
                                plain.promptIds(),
                                List.of(),
                                20,
                                List.of("never", stop),
                                1.0,
                                1.0,
                                plain.seed(),
                                false,
                                0),
                        token -> shown.add(token.text()))
                .result()
                .join();

        // Then nothing of the stop text was ever shown
        assertThat(result.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(result.text()).isEqualTo(whole.substring(0, whole.indexOf(stop)));
        assertThat(String.join("", shown)).isEqualTo(result.text());
    }

    @Test
    void theEndOfTextTokenEndsAnAnswerAndShowsNothing() {
        // Given a base whose end-of-text token is one that greedy decoding meets
        Result open = generate(GenerationRequest.greedy(prompt(9, 10), List.of(), 20));
        Token met = open.tokens().get(4);
        int first = open.tokens().stream().map(Token::id).toList().indexOf(met.id());
        generator.close();
        generator = EmbeddedGenerator.start(
                torch, new RandomBase(withEnd(met.id()), 7), DecodeOptions.of(DType.F32), () -> 1);

        Result ended = generate(GenerationRequest.greedy(prompt(9, 10), List.of(), 20));

        assertThat(ended.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(ended.tokens()).hasSize(first + 1);
        assertThat(ended.text()).isEqualTo(open.text().substring(0, first));
    }

    @Test
    void logProbabilitiesBelongToTheChosenAndTheMostLikelyTokens() {
        GenerationRequest asked =
                new GenerationRequest(prompt(9, 10), List.of(), 6, List.of(), 0, 1, OptionalLong.empty(), true, 20);

        assertThat(generate(asked).tokens()).hasSize(6).allSatisfy(token -> {
            assertThat(token.alternatives()).hasSize(20);
            assertThat(token.alternatives().get(0).id()).isEqualTo(token.id());
            assertThat(token.alternatives().get(0).logprob()).isEqualTo(token.logprob());
            double mass = token.alternatives().stream()
                    .mapToDouble(a -> Math.exp(a.logprob()))
                    .sum();
            assertThat(mass).isBetween(0.0, 1.0);
            assertThat(token.logprob()).isLessThan(0);
        });
    }

    @Test
    void logProbabilitiesOfTheWholeVocabularySumToOne() {
        restart(options());
        double sum = 0;
        GenerationRequest one =
                new GenerationRequest(prompt(9, 10), List.of(), 1, List.of(), 1.0, 1, OptionalLong.of(1), true, 0);
        // Sampling many seeds meets tokens with their probability
        int[] counts = new int[SHAPE.vocabSize()];
        float[] logprobs = new float[SHAPE.vocabSize()];
        int draws = 600;
        for (int seed = 0; seed < draws; seed++) {
            Token token = generate(new GenerationRequest(
                            one.promptIds(), List.of(), 1, List.of(), 1.0, 1, OptionalLong.of(seed), true, 0))
                    .tokens()
                    .get(0);
            counts[token.id()]++;
            logprobs[token.id()] = token.logprob();
        }
        for (int id = 0; id < counts.length; id++) {
            if (counts[id] > 0) {
                sum += Math.exp(logprobs[id]);
                double expected = draws * Math.exp(logprobs[id]);
                assertThat((double) counts[id]).isCloseTo(expected, within(6 * Math.sqrt(expected) + 3));
            }
        }
        assertThat(sum).isBetween(0.5, 1.0 + 1e-4);
    }

    @Test
    void anOverflowFailsItsOwnRequestOnly() {
        try (LoadedAdapter huge = generator.load(RandomAdapters.of(SHAPE, 4, 8, LoraConfig.ALL_LINEAR, 1e19f));
                LoadedAdapter good = generator.load(adapter(1, 8, LoraConfig.ALL_LINEAR))) {
            GenerationRequest request =
                    GenerationRequest.greedy(prompt(3, 12), List.of(new WeightedAdapter(good, 1)), 40);
            Result alone = generate(request);

            Generation fine = generator.submit(request, token -> {});
            Generation broken = generator.submit(
                    GenerationRequest.greedy(prompt(4, 30), List.of(new WeightedAdapter(huge, 1e10f)), 10),
                    token -> {});

            assertThatThrownBy(() -> broken.result().join()).satisfies(e -> hasCode(e, ErrorCode.NON_FINITE));
            assertThat(fine.result().join()).isEqualTo(alone);
            // and the row it had is clean again
            assertThat(generate(request)).isEqualTo(alone);
        }
    }

    @Test
    void aListenerThatFailsEndsItsOwnRequestOnly() {
        Generation failing = generator.submit(GenerationRequest.greedy(prompt(1, 4), List.of(), 5), token -> {
            throw new IllegalStateException("the connection is gone");
        });

        assertThatThrownBy(() -> failing.result().join()).satisfies(e -> hasCode(e, ErrorCode.INTERNAL));
        assertThat(generate(GenerationRequest.greedy(prompt(1, 4), List.of(), 5))
                        .tokens())
                .hasSize(5);
    }

    @Test
    void closingCompletesWhatRunsAndWhatWaits() {
        restart(options().withRows(1));
        List<Generation> generations = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            generations.add(generator.submit(GenerationRequest.greedy(prompt(i, 4), List.of(), 500), token -> {}));
        }

        generator.close();

        assertThat(generations)
                .allSatisfy(g ->
                        assertThatThrownBy(() -> g.result().join()).satisfies(e -> hasCode(e, ErrorCode.NOT_READY)));
        assertThatThrownBy(() -> generator.submit(GenerationRequest.greedy(prompt(1, 4), List.of(), 5), token -> {}))
                .satisfies(e -> hasCode(e, ErrorCode.NOT_READY));
    }

    @Test
    void refusesWhatCannotBeGenerated() {
        restart(options().withRows(1).withQueue(1));
        GenerationRequest endless = GenerationRequest.greedy(prompt(1, 4), List.of(), 500);

        assertThatThrownBy(() -> generator.submit(GenerationRequest.greedy(prompt(1, 13), List.of(), 500), t -> {}))
                .satisfies(e -> hasCode(e, ErrorCode.CONTEXT_LENGTH_EXCEEDED))
                .hasMessageContaining("512");
        assertThatThrownBy(() -> generator.submit(GenerationRequest.greedy(new int[0], List.of(), 5), t -> {}))
                .satisfies(e -> hasCode(e, ErrorCode.BAD_REQUEST));
        assertThatThrownBy(() -> generator.submit(GenerationRequest.greedy(new int[] {300}, List.of(), 5), t -> {}))
                .satisfies(e -> hasCode(e, ErrorCode.BAD_REQUEST));

        List<Generation> accepted = new ArrayList<>();
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 3; i++) {
                        accepted.add(generator.submit(endless, token -> {}));
                    }
                })
                .satisfies(e -> hasCode(e, ErrorCode.OVERLOADED));
        accepted.forEach(Generation::cancel);
    }

    @Test
    void refusesAdaptersThatDoNotFit() {
        BaseDescription deeper = new BaseDescription(
                SHAPE.id(),
                "deeper",
                "llama",
                300,
                64,
                96,
                3,
                4,
                2,
                16,
                512,
                1e-5,
                true,
                SHAPE.rope(),
                Optional.empty(),
                List.of(2),
                SHAPE.quantisation());
        BaseDescription wider = new BaseDescription(
                SHAPE.id(),
                "wider",
                "llama",
                300,
                64,
                128,
                2,
                4,
                2,
                16,
                512,
                1e-5,
                true,
                SHAPE.rope(),
                Optional.empty(),
                List.of(2),
                SHAPE.quantisation());

        assertThatThrownBy(() -> generator.load(RandomAdapters.of(deeper, 1, 4, List.of("q_proj"), 0.1f)))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("model.layers.2.self_attn.q_proj");
        assertThatThrownBy(() -> generator.load(RandomAdapters.of(wider, 1, 4, List.of("up_proj"), 0.1f)))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("[96, 64]");
        assertThatThrownBy(() -> generator.load(RandomAdapters.of(SHAPE, 1, 4, List.of("up_proj"), Float.NaN)))
                .satisfies(e -> hasCode(e, ErrorCode.INVALID_ADAPTER))
                .hasMessageContaining("NaN");
    }

    @Test
    void longRowsWaitUntilTheCacheHasRoom() {
        // Given room for two rows of 500 tokens
        restart(options().withCacheTokens(1024));
        List<Generation> generations = new ArrayList<>();
        List<Integer> together = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            generations.add(generator.submit(
                    GenerationRequest.greedy(prompt(i, 470), List.of(), 30),
                    token -> together.add(generator.activeRows())));
        }
        generations.forEach(g -> assertThat(g.result().join().tokens()).hasSize(30));

        assertThat(together).isNotEmpty().allMatch(rows -> rows <= 2);
    }

    private static BaseDescription withEnd(int id) {
        return new BaseDescription(
                SHAPE.id(),
                "ending",
                "llama",
                300,
                64,
                96,
                2,
                4,
                2,
                16,
                512,
                1e-5,
                true,
                SHAPE.rope(),
                Optional.empty(),
                List.of(id),
                SHAPE.quantisation());
    }

    private static AdapterWeights adapter(long seed, int rank, List<String> targets) {
        return RandomAdapters.of(SHAPE, seed, rank, targets, 0.1f);
    }

    private static int[] prompt(long seed, int length) {
        return new SplittableRandom(seed).ints(length, 0, SHAPE.vocabSize()).toArray();
    }

    private static GenerationRequest sampled(long seed, double temperature, double topP) {
        return new GenerationRequest(
                prompt(9, 10), List.of(), 20, List.of(), temperature, topP, OptionalLong.of(seed), false, 0);
    }

    private Result generate(GenerationRequest request) {
        return generator.submit(request, token -> {}).result().join();
    }

    private static void hasCode(Throwable e, ErrorCode code) {
        Throwable cause = e instanceof CompletionException ? e.getCause() : e;
        assertThat(cause).isInstanceOfSatisfying(MillraceException.class, m -> assertThat(m.code())
                .isEqualTo(code));
    }
}
