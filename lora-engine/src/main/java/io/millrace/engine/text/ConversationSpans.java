package io.millrace.engine.text;

import io.millrace.core.ChatMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Finds what the assistant wrote in a rendered conversation: turn i is what rendering it adds to the rendered prompt before
 * it. Some templates write earlier turns differently once the conversation goes on; then only the turns for which that
 * holds, and in any case the last one, are completions.
 */
final class ConversationSpans {
    private final ChatTemplate template;
    private final List<Map<String, Object>> tools;

    ConversationSpans(ChatTemplate template, List<Map<String, Object>> tools) {
        this.template = template;
        this.tools = tools;
    }

    /** A piece of the text; the pieces in order are the whole. */
    record Span(String text, boolean completion) {}

    /** @param messages the last one the assistant's */
    List<Span> of(List<ChatMessage> messages) {
        String whole = template.render(messages, tools, false);
        List<Span> spans = new ArrayList<>();
        int covered = 0;
        for (int turn = 0; turn < messages.size(); turn++) {
            if (!messages.get(turn).role().equals("assistant")) {
                continue;
            }
            boolean last = turn == messages.size() - 1;
            String prompt = template.render(messages.subList(0, turn), tools, true);
            String answered = last ? whole : template.render(messages.subList(0, turn + 1), tools, false);
            boolean continues = whole.startsWith(answered) && answered.startsWith(prompt) && prompt.length() >= covered;
            if (continues) {
                spans.add(new Span(whole.substring(covered, prompt.length()), false));
                spans.add(new Span(whole.substring(prompt.length(), answered.length()), true));
                covered = answered.length();
            } else if (last) {
                return List.of(
                        new Span(prompt, false),
                        new Span(ending(whole, messages.get(turn).content()), true));
            }
        }
        return spans;
    }

    /** The end of the text, from the answer on. */
    private static String ending(String whole, String answer) {
        int at = whole.lastIndexOf(answer.strip());
        return at < 0 ? answer : whole.substring(at);
    }
}
