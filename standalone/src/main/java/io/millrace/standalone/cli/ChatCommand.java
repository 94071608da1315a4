package io.millrace.standalone.cli;

import io.millrace.core.MillraceException;
import io.millrace.standalone.client.Conversation;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
        name = "chat",
        description =
                "A conversation with a running system: a line is a turn, an empty line or the end of input ends it.",
        mixinStandardHelpOptions = true)
final class ChatCommand implements Runnable {
    @Mixin
    private ServerOptions server;

    @Mixin
    private Out out;

    @Mixin
    private AskCommand.GenerationOptions generation;

    @Override
    public void run() {
        Conversation conversation = new Conversation(server.client(), generation.settings());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()));
        try {
            out.part("> ");
            for (String line = in.readLine(); line != null && !line.isBlank(); line = in.readLine()) {
                turn(conversation, line);
                out.part("> ");
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the terminal can't be read", e);
        }
        out.line("");
    }

    /** A turn that fails leaves the conversation as it was; the next one can go on. */
    private void turn(Conversation conversation, String line) {
        try {
            Conversation.Reply reply = conversation.ask(line, out::part);
            out.line("");
            out.line(reply.answeredBy());
            out.result(reply);
        } catch (MillraceException e) {
            out.note(e.getMessage());
        }
    }
}
