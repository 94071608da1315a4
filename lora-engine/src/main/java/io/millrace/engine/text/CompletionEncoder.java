package io.millrace.engine.text;

import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.core.TrainingExample.Content;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Labels completions only. Prompt and completion are tokenised apart, as serving sees them: the prompt whole, then one
 * token after the other. Where a conversation is too long, its beginning goes, earlier turns with it; the last turn stays.
 */
public final class CompletionEncoder implements ExampleEncoder {
    private final Tokenizer tokenizer;
    private final Optional<ChatTemplate> template;
    private final List<Integer> endOfTurn;

    /** @param endOfTurn tokens that end generation; the first is put after a completion that has none of them */
    public CompletionEncoder(Tokenizer tokenizer, Optional<ChatTemplate> template, List<Integer> endOfTurn) {
        this.tokenizer = tokenizer;
        this.template = template;
        this.endOfTurn = List.copyOf(endOfTurn);
    }

    @Override
    public TrainingSequence encode(TrainingExample example, int maxLength) {
        TokenList tokens = new TokenList();
        int needed;
        if (example.content() instanceof Content.Text text) {
            tokens.add(tokenizer.prefix(), false);
            tokens.add(tokenizer.encode(text.text()), true);
            needed = tokens.size();
        } else {
            needed = encode(spans(example), tokens);
        }
        if (needed > maxLength) {
            throw new MillraceException(
                    ErrorCode.TOO_LONG,
                    "the completion alone has " + needed + " tokens, the limit is " + maxLength
                            + "; shorten it or raise the limit");
        }
        TrainingSequence sequence = tokens.last(maxLength, example.weight());
        if (sequence.labelledTokens() == 0) {
            throw nothingToTrain();
        }
        return sequence;
    }

    private List<ConversationSpans.Span> spans(TrainingExample example) {
        List<ChatMessage> messages = messages(example.content());
        if (messages.isEmpty() || !messages.get(messages.size() - 1).role().equals("assistant")) {
            throw new MillraceException(
                    ErrorCode.BAD_ROLE_ORDER, "the last message must be the assistant's; it is what is learned");
        }
        if (messages.stream()
                .allMatch(m -> !m.role().equals("assistant")
                        || (m.content().isEmpty() && m.extra().isEmpty()))) {
            throw nothingToTrain();
        }
        if (template.isPresent()) {
            return new ConversationSpans(template.get(), example.tools()).of(messages);
        }
        String between = example.content() instanceof Content.Messages ? "\n\n" : "";
        List<ConversationSpans.Span> spans = new ArrayList<>();
        for (int i = 0; i < messages.size(); i++) {
            boolean completion = messages.get(i).role().equals("assistant");
            String end = completion || i == messages.size() - 1 ? "" : between;
            spans.add(new ConversationSpans.Span(messages.get(i).content() + end, completion));
        }
        return spans;
    }

    private static List<ChatMessage> messages(Content content) {
        if (content instanceof Content.Messages conversation) {
            return conversation.messages();
        }
        Content.PromptCompletion pair = (Content.PromptCompletion) content;
        return List.of(ChatMessage.of("user", pair.prompt()), ChatMessage.of("assistant", pair.completion()));
    }

    /** Returns the number of tokens of the last completion, which must all be kept. */
    private int encode(List<ConversationSpans.Span> spans, TokenList tokens) {
        if (template.isEmpty()) {
            tokens.add(tokenizer.prefix(), false);
        }
        int lastCompletion = 0;
        for (int i = 0; i < spans.size(); i++) {
            int[] ids = tokenizer.encode(spans.get(i).text());
            if (!spans.get(i).completion()) {
                tokens.add(ids, false);
                continue;
            }
            int end = endOfTurn(ids);
            int[] completion = end < 0 ? withEnd(ids) : Arrays.copyOf(ids, end + 1);
            tokens.add(completion, true);
            lastCompletion = completion.length;
            if (end >= 0 && i < spans.size() - 1) {
                tokens.add(Arrays.copyOfRange(ids, end + 1, ids.length), false);
            }
        }
        return lastCompletion;
    }

    /** Where the completion ends, if only white space comes after that token. */
    private int endOfTurn(int[] ids) {
        for (int i = ids.length - 1; i >= 0; i--) {
            if (endOfTurn.contains(ids[i])) {
                return tokenizer
                                .decode(Arrays.copyOfRange(ids, i + 1, ids.length), false)
                                .isBlank()
                        ? i
                        : -1;
            }
        }
        return -1;
    }

    private int[] withEnd(int[] ids) {
        return endOfTurn.isEmpty() ? ids : TokenList.concat(ids, new int[] {endOfTurn.get(0)});
    }

    private static MillraceException nothingToTrain() {
        return new MillraceException(
                ErrorCode.NO_TRAINABLE_TOKENS, "the completion is empty, so there is nothing to learn; fill it in");
    }
}
