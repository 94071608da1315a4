package io.millrace.engine.text.jinja;

import java.util.Map;

/** A parsed template. Safe for use by many threads. */
public final class JinjaTemplate {
    private final Node root;

    private JinjaTemplate(Node root) {
        this.root = root;
    }

    /** @throws JinjaException with line and reason where anything in it isn't known */
    public static JinjaTemplate parse(String source) {
        return new JinjaTemplate(new TemplateParser(Lexer.lex(source)).parse());
    }

    /**
     * @param variables strings, numbers, booleans, nulls, lists and maps with text keys
     * @throws JinjaRaised where the template raises an exception
     * @throws JinjaException where it can't be rendered with these values
     */
    public String render(Map<String, ?> variables) {
        Scope scope = new Scope(Functions.all());
        variables.forEach(scope::set);
        StringBuilder out = new StringBuilder();
        root.render(scope, out);
        return out.toString();
    }
}
