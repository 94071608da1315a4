package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits a template into tokens, with {@code trim_blocks} and {@code lstrip_blocks} on and the last newline dropped, as
 * transformers sets Jinja2 up.
 */
final class Lexer {
    private static final Pattern TAG = Pattern.compile("\\{[%{#]");
    private static final Pattern RAW = Pattern.compile("\\{%(-|\\+|)\\s*raw\\s*(-|)%}");
    private static final Pattern END_RAW = Pattern.compile("\\{%(-|\\+|)\\s*endraw\\s*(-|\\+|)%}");
    private static final Pattern IN_TAG = Pattern.compile(
            "(?<space>\\s+)"
                    + "|(?<float>\\d+(?:_\\d+)*\\.\\d+(?:[eE][+-]?\\d+)?|\\d+[eE][+-]?\\d+)"
                    + "|(?<integer>\\d+(?:_\\d+)*)"
                    + "|(?<name>[\\p{L}_][\\p{L}\\p{N}_]*)"
                    + "|(?<string>'(?:[^'\\\\]|\\\\.)*'|\"(?:[^\"\\\\]|\\\\.)*\")"
                    + "|(?<operator>\\*\\*|//|==|!=|<=|>=|[-+*/%~<>=.,:|()\\[\\]{};])",
            Pattern.DOTALL);

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private int at;
    /** Whether what was consumed last ended a line, so that white space before the next tag is its indent. */
    private boolean lineStarting = true;

    private Lexer(String source) {
        this.source = source;
    }

    static List<Token> lex(String source) {
        String normal = source.replace("\r\n", "\n").replace('\r', '\n');
        Lexer lexer = new Lexer(normal.endsWith("\n") ? normal.substring(0, normal.length() - 1) : normal);
        lexer.run();
        return List.copyOf(lexer.tokens);
    }

    private void run() {
        Matcher tag = TAG.matcher(source);
        while (at < source.length()) {
            if (!tag.find(at)) {
                add(Token.Kind.DATA, source.substring(at));
                break;
            }
            text(tag.start());
        }
        add(Token.Kind.END, "");
    }

    private void text(int tagStart) {
        String text = source.substring(at, tagStart);
        char kind = source.charAt(tagStart + 1);
        Matcher raw = RAW.matcher(source).region(tagStart, source.length());
        char sign = tagStart + 2 < source.length() ? source.charAt(tagStart + 2) : ' ';
        String kept = beforeTag(text, sign, kind != '{');
        if (!kept.isEmpty()) {
            add(Token.Kind.DATA, kept);
        }
        if (kind == '%' && raw.lookingAt()) {
            at = raw.end();
            raw(raw.group(2).equals("-"));
            return;
        }
        at = tagStart + 2 + (sign == '-' || (sign == '+' && kind != '{') ? 1 : 0);
        if (kind == '#') {
            comment();
        } else {
            add(kind == '{' ? Token.Kind.OUTPUT_BEGIN : Token.Kind.BLOCK_BEGIN, "");
            tag(kind == '{' ? "}}" : "%}");
        }
    }

    private String beforeTag(String text, char sign, boolean block) {
        if (sign == '-') {
            return text.stripTrailing();
        }
        int lineStart = text.lastIndexOf('\n') + 1;
        boolean indent = text.substring(lineStart).isBlank();
        if (block && sign != '+' && indent && (lineStart > 0 || lineStarting)) {
            return text.substring(0, lineStart);
        }
        return text;
    }

    private void raw(boolean strip) {
        Matcher end = END_RAW.matcher(source);
        if (!end.find(at)) {
            throw error("'raw' has no 'endraw'");
        }
        String text = source.substring(at, end.start());
        at = end.end();
        text = strip ? text.stripLeading() : text.startsWith("\n") ? text.substring(1) : text;
        lineStarting = false;
        text = beforeTag(text, end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0), true);
        if (!text.isEmpty()) {
            add(Token.Kind.DATA, text);
        }
        afterTag(end.group(2), true);
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            throw error("a comment has no end");
        }
        String sign = end > at && "-+".indexOf(source.charAt(end - 1)) >= 0 ? source.substring(end - 1, end) : "";
        at = end + 2;
        afterTag(sign, true);
    }

    private void tag(String close) {
        int depth = 0;
        Matcher token = IN_TAG.matcher(source);
        while (true) {
            if (depth == 0) {
                String sign = source.startsWith("-" + close, at) ? "-" : source.startsWith("+%}", at) ? "+" : "";
                if (source.startsWith(close, at + sign.length()) && !(sign.equals("+") && close.equals("}}"))) {
                    at += sign.length() + close.length();
                    add(close.equals("}}") ? Token.Kind.OUTPUT_END : Token.Kind.BLOCK_END, "");
                    afterTag(sign, close.equals("%}"));
                    return;
                }
            }
            if (!token.region(at, source.length()).lookingAt()) {
                throw error(at < source.length() ? "'" + source.charAt(at) + "' makes no sense" : "a tag has no end");
            }
            at = token.end();
            depth += addInTag(token);
        }
    }

    /** Returns how much deeper the token goes into brackets. */
    private int addInTag(Matcher token) {
        if (token.group("name") != null) {
            add(Token.Kind.NAME, token.group());
        } else if (token.group("string") != null) {
            String literal = token.group();
            add(Token.Kind.STRING, StringLiteral.value(literal.substring(1, literal.length() - 1)));
        } else if (token.group("integer") != null) {
            add(Token.Kind.INTEGER, token.group().replace("_", ""));
        } else if (token.group("float") != null) {
            add(Token.Kind.FLOAT, token.group().replace("_", ""));
        } else if (token.group("operator") != null) {
            add(Token.Kind.OPERATOR, token.group());
            return "([{".contains(token.group()) ? 1 : ")]}".contains(token.group()) ? -1 : 0;
        }
        return 0;
    }

    /** A block's end takes the newline after it along, and {@code -} all white space. */
    private void afterTag(String sign, boolean block) {
        lineStarting = false;
        if (sign.equals("-")) {
            while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
                at++;
                lineStarting = source.charAt(at - 1) == '\n';
            }
        } else if (block && sign.isEmpty() && at < source.length() && source.charAt(at) == '\n') {
            at++;
            lineStarting = true;
        }
    }

    private void add(Token.Kind kind, String text) {
        tokens.add(new Token(kind, text, line()));
    }

    private int line() {
        return (int) source.substring(0, Math.min(at, source.length()))
                        .chars()
                        .filter(c -> c == '\n')
                        .count()
                + 1;
    }

    private JinjaException error(String what) {
        return new JinjaException("line " + line() + ": " + what);
    }
}
