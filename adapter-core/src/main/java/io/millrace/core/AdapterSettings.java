package io.millrace.core;

import java.time.Duration;
import java.util.Optional;

/**
 * What `adapters set` can change, with the documented defaults. Rank, alpha, dropout and target modules are fixed after
 * an adapter's first round.
 *
 * @param lora shape of the adapter
 * @param learningRate empty: {@link BaseDescription#defaultLearningRate()}
 * @param warmupSteps steps in which the learning rate rises linearly to its value
 * @param clip largest gradient norm
 * @param roundMaxExamples a round closes at this many examples …
 * @param roundMaxTokens … or this many tokens …
 * @param roundMaxWait … or this long after its first example
 * @param microBatch sequences in one forward pass; a round's optimizer step takes this many examples
 * @param maxLength tokens of one sequence, prompt and completion together
 * @param versionEveryRounds a version is cut after this many rounds …
 * @param versionMaxAge … or this long after the last cut …
 * @param versionMaxIdle … or this long after the last round when nothing more waits
 * @param autoPromote whether a version that passes the gate becomes champion
 */
public record AdapterSettings(
        LoraConfig lora,
        Optional<Double> learningRate,
        int warmupSteps,
        double clip,
        int roundMaxExamples,
        int roundMaxTokens,
        Duration roundMaxWait,
        int microBatch,
        int maxLength,
        int versionEveryRounds,
        Duration versionMaxAge,
        Duration versionMaxIdle,
        boolean autoPromote) {

    public static AdapterSettings defaults() {
        return new AdapterSettings(
                LoraConfig.defaults(),
                Optional.empty(),
                20,
                0.3,
                32,
                32 * 512,
                Duration.ofSeconds(5),
                8,
                512,
                10,
                Duration.ofMinutes(5),
                Duration.ofSeconds(10),
                true);
    }
}
