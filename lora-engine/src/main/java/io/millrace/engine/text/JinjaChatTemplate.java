package io.millrace.engine.text;

import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.engine.text.jinja.JinjaException;
import io.millrace.engine.text.jinja.JinjaRaised;
import io.millrace.engine.text.jinja.JinjaTemplate;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A chat template in Jinja. Text of messages is never taken for template source. */
public final class JinjaChatTemplate implements ChatTemplate {
    private final JinjaTemplate template;
    private final Map<String, String> specialTokens;

    private JinjaChatTemplate(JinjaTemplate template, Map<String, String> specialTokens) {
        this.template = template;
        this.specialTokens = specialTokens;
    }

    /**
     * @param specialTokens variables of the template, as {@code bos_token}
     * @throws MillraceException {@code unsupported_template} naming the first thing in it that isn't known
     */
    public static JinjaChatTemplate compile(String source, Map<String, String> specialTokens) {
        try {
            return new JinjaChatTemplate(JinjaTemplate.parse(source), Map.copyOf(specialTokens));
        } catch (JinjaException e) {
            throw unsupported(e);
        }
    }

    @Override
    public String render(List<ChatMessage> messages, List<Map<String, Object>> tools, boolean addGenerationPrompt) {
        Map<String, Object> variables = new HashMap<>(specialTokens);
        variables.put(
                "messages", messages.stream().map(JinjaChatTemplate::asMap).toList());
        variables.put("add_generation_prompt", addGenerationPrompt);
        variables.put("tools", tools.isEmpty() ? null : tools);
        variables.put("documents", null);
        try {
            return template.render(variables);
        } catch (JinjaRaised e) {
            throw new MillraceException(
                    ErrorCode.BAD_ROLE_ORDER,
                    "the base's chat template refuses the conversation: " + e.getMessage(),
                    e);
        } catch (JinjaException e) {
            throw unsupported(e);
        }
    }

    private static MillraceException unsupported(JinjaException e) {
        return new MillraceException(
                ErrorCode.UNSUPPORTED_TEMPLATE,
                "the chat template can't be rendered: " + e.getMessage()
                        + "; import the base with another chat_template.jinja",
                e);
    }

    private static Map<String, Object> asMap(ChatMessage message) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", message.role());
        map.put("content", message.content());
        message.extra().forEach(map::putIfAbsent);
        return map;
    }
}
