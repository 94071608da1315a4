package io.millrace.engine.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against what Jinja2 3.1.6 made of the same templates, with blocks trimmed as transformers has it. */
class JinjaTemplateTest {
    /** What the cases use and this package refuses. */
    private static final String REFUSED = "the filter 'title' isn't known";

    @TestFactory
    Stream<DynamicTest> rendersAsJinja2Does() throws IOException {
        ObjectMapper json = new ObjectMapper();
        JsonNode golden =
                json.readTree(Path.of("src/test/resources/jinja/cases.json").toFile());
        Map<String, Object> variables = new HashMap<>();
        variables.put("messages", json.convertValue(golden.path("messages"), List.class));
        variables.put("tools", null);
        variables.put("add_generation_prompt", true);
        variables.put("bos_token", "<s>");
        return StreamSupport.stream(golden.path("cases").spliterator(), false)
                .map(c -> DynamicTest.dynamicTest(c.path("name").asText(), () -> check(c, variables)));
    }

    private static void check(JsonNode golden, Map<String, Object> variables) {
        String source = golden.path("template").asText();
        if (golden.has("error")) {
            assertThatExceptionOfType(JinjaException.class)
                    .isThrownBy(() -> JinjaTemplate.parse(source).render(variables));
        } else if (source.contains("title")) {
            assertThatExceptionOfType(JinjaException.class)
                    .isThrownBy(() -> JinjaTemplate.parse(source))
                    .withMessageContaining(REFUSED);
        } else {
            assertThat(JinjaTemplate.parse(source).render(variables))
                    .isEqualTo(golden.path("expected").asText());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% include 'x' %}",
                "{% extends 'x' %}",
                "{% call f() %}{% endcall %}",
                "{% filter upper %}{% endfilter %}",
                "{% do x %}",
                "{{ x | nonsense }}",
                "{{ x is nonsense }}",
                "{{ x.format(1) }}",
                "{{ lipsum() }}",
                "{{ x.append(1) }}",
                "{% for m in messages recursive %}{% endfor %}",
                "{% break %}",
                "{{ 'unfinished }}",
                "{% if true %}",
                "{% endif %}",
                "{% for x in %}{% endfor %}",
                "{{ }}",
                "{{ a b }}",
                "{{ a[1:2:3:4] }}",
                "{# unfinished",
                "{% raw %}",
                "{{ 'a' @ 'b' }}",
                "{{ '\\N{DASH}' }}",
            })
    void whatIsntKnownIsRefusedWhenItIsParsed(String source) {
        assertThatExceptionOfType(JinjaException.class).isThrownBy(() -> JinjaTemplate.parse(source));
    }

    @Test
    void theLineOfAMistakeIsNamed() {
        assertThatExceptionOfType(JinjaException.class)
                .isThrownBy(() -> JinjaTemplate.parse("a\nb\n{{ x | nonsense }}"))
                .withMessageContaining("line 3")
                .withMessageContaining("nonsense");
    }

    @Test
    void aTemplateMayAskForTheClockButDoesntGetIt() {
        // Given a template that writes today's date where it can
        JinjaTemplate template = JinjaTemplate.parse(
                "{% if strftime_now is defined %}{{ strftime_now('%d') }}{% else %}26 Jul 2024{% endif %}");

        // When rendered, then the text is the same on every day
        assertThat(template.render(Map.of())).isEqualTo("26 Jul 2024");
    }

    @Test
    void raisedErrorsAreToldApart() {
        assertThatExceptionOfType(JinjaRaised.class)
                .isThrownBy(() -> JinjaTemplate.parse("{{ raise_exception('no ' + who) }}")
                        .render(Map.of("who", "tools")))
                .withMessage("no tools");
    }
}
