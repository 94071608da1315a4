package io.millrace.standalone.cli;

import picocli.CommandLine.Option;

/** How long an answer may get and how its tokens are chosen, wherever it is made. */
public final class AnswerOptions {
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "256",
            description = "New tokens at most. Default: ${DEFAULT-VALUE}")
    private int maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            defaultValue = "0",
            description = "0: always the likeliest token. Default: ${DEFAULT-VALUE}")
    private double temperature;

    public int maxTokens() {
        return maxTokens;
    }

    public double temperature() {
        return temperature;
    }
}
