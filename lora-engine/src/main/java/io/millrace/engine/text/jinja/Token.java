package io.millrace.engine.text.jinja;

/**
 * A piece of a template.
 *
 * @param text what stands there; a string literal's is its value
 * @param line from 1
 */
record Token(Kind kind, String text, int line) {
    enum Kind {
        /** Text between tags, after white space was trimmed. */
        DATA,
        OUTPUT_BEGIN,
        OUTPUT_END,
        BLOCK_BEGIN,
        BLOCK_END,
        NAME,
        STRING,
        INTEGER,
        FLOAT,
        OPERATOR,
        END
    }

    boolean is(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }
}
