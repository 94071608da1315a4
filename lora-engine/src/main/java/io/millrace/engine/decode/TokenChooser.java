package io.millrace.engine.decode;

import io.millrace.engine.decode.Generation.Alternative;
import io.millrace.engine.text.Tokenizer;
import io.millrace.engine.torch.Tensor;
import io.millrace.engine.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * Turns a pass's logits into each row's next token. Only the largest logits of rows that sample leave the device; all
 * of a row's only where its nucleus is larger than that.
 */
final class TokenChooser {
    private static final int LARGEST = 256;
    /** Below, one token has all the probability that float32 can tell. */
    private static final double COLDEST = 1e-3;

    private final DecodeKernels kernels;
    private final Tokenizer tokenizer;
    private final int vocabSize;

    TokenChooser(DecodeKernels kernels, Tokenizer tokenizer, int vocabSize) {
        this.kernels = kernels;
        this.tokenizer = tokenizer;
        this.vocabSize = vocabSize;
    }

    /**
     * @param logits of the rows, and maybe of more behind them
     * @return for each row its token, or empty where its logits aren't finite
     */
    List<Optional<TokenChoice>> choose(Logits logits, List<Row> rows) {
        Logits.Best best = logits.best();
        List<Optional<TokenChoice>> choices = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            choices.add(
                    Float.isFinite(best.largest()[i])
                            ? Optional.of(new TokenChoice((int) best.ids()[i], Float.NaN, List.of()))
                            : Optional.empty());
        }
        int[] demanding = IntStream.range(0, rows.size())
                .filter(i -> choices.get(i).isPresent() && demanding(rows.get(i).request()))
                .toArray();
        if (demanding.length > 0) {
            chooseAmongLargest(logits.tensor(), rows, demanding, choices);
        }
        return choices;
    }

    private static boolean sampled(GenerationRequest request) {
        return request.temperature() >= COLDEST;
    }

    private static boolean demanding(GenerationRequest request) {
        return sampled(request) || request.logprobs() || request.topLogprobs() > 0;
    }

    private void chooseAmongLargest(Tensor logits, List<Row> rows, int[] which, List<Optional<TokenChoice>> choices) {
        int k = Math.min(vocabSize, LARGEST);
        float[] temperatures = new float[which.length];
        for (int j = 0; j < which.length; j++) {
            GenerationRequest request = rows.get(which[j]).request();
            temperatures[j] = sampled(request) ? (float) request.temperature() : 1;
        }
        try (TensorScope scope = new TensorScope()) {
            Tensor index = scope.own(
                    kernels.torch().tensor(IntStream.of(which).asLongStream().toArray(), which.length));
            List<Tensor> found = scope.own(
                    kernels.call("largest").arg(logits).arg(index).arg(k).toTensors());
            Tensor divisors = scope.own(kernels.torch().tensor(temperatures, which.length, 1));
            float[] normalisers = scope.own(kernels.call("normalisers")
                            .arg(logits)
                            .arg(index)
                            .arg(divisors)
                            .toTensor())
                    .toFloats();
            float[] values = found.get(0).toFloats();
            long[] ids = found.get(1).toLongs();
            float[] atOne = found.get(2).toFloats();
            for (int j = 0; j < which.length; j++) {
                Ranked ranked = Ranked.of(values, ids, j * k, k);
                choices.set(
                        which[j],
                        Optional.of(choose(logits, which[j], rows.get(which[j]), ranked, normalisers[j], atOne[j])));
            }
        }
    }

    private TokenChoice choose(
            Tensor logits, int index, Row row, Ranked ranked, double normaliser, float normaliserAtOne) {
        GenerationRequest request = row.request();
        Ranked from = ranked;
        int at = 0;
        if (sampled(request)) {
            Nucleus nucleus = new Nucleus(temperature(request), request.topP());
            double draw = row.draw();
            OptionalInt chosen = nucleus.choose(ranked.logits(), normaliser, ranked.logits().length == vocabSize, draw);
            if (chosen.isEmpty()) {
                from = whole(logits, index);
                chosen = nucleus.choose(from.logits(), normaliser, true, draw);
            }
            at = chosen.getAsInt();
        }
        float logprob = request.logprobs() ? from.logits()[at] - normaliserAtOne : Float.NaN;
        List<Alternative> alternatives = IntStream.range(0, Math.min(request.topLogprobs(), ranked.ids().length))
                .mapToObj(i ->
                        new Alternative(ranked.ids()[i], text(ranked.ids()[i]), ranked.logits()[i] - normaliserAtOne))
                .toList();
        return new TokenChoice(from.ids()[at], logprob, alternatives);
    }

    private Ranked whole(Tensor logits, int row) {
        try (Tensor all = kernels.call("row").arg(logits).arg(row).toTensor()) {
            float[] values = all.toFloats();
            long[] ids = IntStream.range(0, values.length).asLongStream().toArray();
            return Ranked.of(values, ids, 0, values.length);
        }
    }

    /** As the device sees it. */
    private static double temperature(GenerationRequest request) {
        return (float) request.temperature();
    }

    private String text(int id) {
        return tokenizer.decode(new int[] {id}, false);
    }

    /** Logits with their tokens, descending; equal ones in the order of ids, so that a draw always means the same. */
    private record Ranked(float[] logits, int[] ids) {
        static Ranked of(float[] values, long[] ids, int start, int count) {
            Integer[] order = IntStream.range(start, start + count).boxed().toArray(Integer[]::new);
            Arrays.sort(
                    order, Comparator.<Integer>comparingDouble(i -> -values[i]).thenComparingLong(i -> ids[i]));
            float[] logits = new float[count];
            int[] tokens = new int[count];
            for (int i = 0; i < count; i++) {
                logits[i] = values[order[i]];
                tokens[i] = (int) ids[order[i]];
            }
            return new Ranked(logits, tokens);
        }
    }
}
