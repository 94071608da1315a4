package io.millrace.engine.text;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import io.millrace.core.ChatMessage;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A chat template rendered by jinjava, set up to follow Jinja2 where it can. What it renders otherwise than Jinja2 does is
 * refused by {@link TemplateGuard} when the template is compiled, so nothing is corrupted silently. Text of messages is
 * never taken for template source.
 */
public final class JinjaChatTemplate implements ChatTemplate {
    private final String source;
    private final Map<String, String> specialTokens;
    private final Jinjava jinjava;

    private JinjaChatTemplate(String source, Map<String, String> specialTokens, Jinjava jinjava) {
        this.source = source;
        this.specialTokens = specialTokens;
        this.jinjava = jinjava;
    }

    /**
     * @param specialTokens variables of the template, as {@code bos_token}
     * @throws MillraceException {@code unsupported_template} with the reason
     */
    public static JinjaChatTemplate compile(String source, Map<String, String> specialTokens) {
        TemplateGuard.check(source);
        Jinjava jinjava = new Jinjava(config());
        jinjava.getGlobalContext().registerFilter(new PythonJsonFilter());
        jinjava.getGlobalContext()
                .registerFunction(
                        new ELFunctionDefinition("", "raise_exception", TemplateRefusal.class, "raise", String.class));
        return new JinjaChatTemplate(source, Map.copyOf(specialTokens), jinjava);
    }

    private static JinjavaConfig config() {
        LegacyOverrides asJinja2 = LegacyOverrides.newBuilder()
                .withEvaluateMapKeys(true)
                .withIterateOverMapKeys(true)
                .withParseWhitespaceControlStrictly(true)
                .withUseTrimmingForNotesAndExpressions(true)
                .withKeepNullableLoopValues(true)
                .withHandleBackslashInQuotesOnly(true)
                .withUseNaturalOperatorPrecedence(true)
                .build();
        return JinjavaConfig.newBuilder()
                .withTrimBlocks(true)
                .withLstripBlocks(true)
                .withNestedInterpretationEnabled(false)
                .withFailOnUnknownTokens(false)
                .withLegacyOverrides(asJinja2)
                .build();
    }

    @Override
    public String render(List<ChatMessage> messages, List<Map<String, Object>> tools, boolean addGenerationPrompt) {
        Map<String, Object> context = new HashMap<>(specialTokens);
        context.put("messages", messages.stream().map(JinjaChatTemplate::asMap).toList());
        context.put("add_generation_prompt", addGenerationPrompt);
        context.put("tools", tools.isEmpty() ? null : tools);
        RenderResult result = jinjava.renderForResult(source, context);
        Optional<TemplateError> error = result.getErrors().stream().findFirst();
        if (error.isPresent()) {
            throw refused(error.get());
        }
        return result.getOutput();
    }

    private static MillraceException refused(TemplateError error) {
        for (Throwable cause = error.getException(); cause != null; cause = cause.getCause()) {
            if (cause instanceof TemplateRefusal refusal) {
                return new MillraceException(
                        ErrorCode.BAD_ROLE_ORDER,
                        "the base's chat template refuses the conversation: " + refusal.getMessage());
            }
        }
        return new MillraceException(
                ErrorCode.UNSUPPORTED_TEMPLATE,
                "the base's chat template can't be rendered: " + error.getMessage()
                        + "; import the base with another chat_template.jinja");
    }

    private static Map<String, Object> asMap(ChatMessage message) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("role", message.role());
        map.put("content", message.content());
        message.extra().forEach(map::putIfAbsent);
        return map;
    }
}
