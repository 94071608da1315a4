package io.millrace.standalone.cli;

import io.millrace.standalone.client.Conversation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "ask",
        description = "Asks a running system one question and prints the answer as it comes.",
        mixinStandardHelpOptions = true)
final class AskCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Mixin
    private GenerationOptions generation;

    @Parameters(paramLabel = "TEXT", description = "The question.")
    private String text;

    @Override
    public void run() {
        Conversation conversation = new Conversation(server.client(), generation.settings());
        Conversation.Reply reply = conversation.ask(text, out::part);
        out.line("");
        out.line(reply.answeredBy());
        out.result(reply);
    }

    /** How to generate, shared with {@code chat}. */
    static final class GenerationOptions {
        @Option(
                names = "--model",
                paramLabel = "M",
                defaultValue = "auto",
                description = "auto, base, ns/name, ns/name@alias, ns/name@v42, ns/name@<40 hex> or recipe:ns/name."
                        + " Default: ${DEFAULT-VALUE}")
        private String model;

        @Mixin
        private AnswerOptions answer;

        Conversation.Settings settings() {
            return new Conversation.Settings(model, answer.maxTokens(), answer.temperature());
        }
    }
}
