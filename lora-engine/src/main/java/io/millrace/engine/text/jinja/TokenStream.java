package io.millrace.engine.text.jinja;

import java.util.List;

/** Tokens from front to back. */
final class TokenStream {
    private final List<Token> tokens;
    private int at;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    Token next() {
        Token token = tokens.get(at);
        if (token.kind() != Token.Kind.END) {
            at++;
        }
        return token;
    }

    boolean skip(String operator) {
        if (peek().is(operator)) {
            at++;
            return true;
        }
        return false;
    }

    boolean skipName(String name) {
        if (peek().isName(name)) {
            at++;
            return true;
        }
        return false;
    }

    void expect(String operator) {
        if (!skip(operator)) {
            throw error("'" + operator + "' expected");
        }
    }

    void expect(Token.Kind kind) {
        if (next().kind() != kind) {
            at--;
            throw error("the tag should end here");
        }
    }

    String name() {
        Token token = next();
        if (token.kind() != Token.Kind.NAME) {
            at--;
            throw error("a name expected");
        }
        return token.text();
    }

    JinjaException error(String what) {
        Token token = peek();
        String found = token.text().isEmpty() ? "" : " at '" + token.text() + "'";
        return new JinjaException("line " + token.line() + found + ": " + what);
    }
}
