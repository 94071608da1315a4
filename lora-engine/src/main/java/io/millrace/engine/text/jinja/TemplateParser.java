package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Statements: {@code for}, {@code if}, {@code set}, {@code macro}, {@code break}, {@code continue}, {@code generation}. */
final class TemplateParser {
    private final TokenStream tokens;
    private final Set<String> callable = new TreeSet<>(Functions.names());
    private final ExpressionParser expressions;
    private int loops;

    TemplateParser(List<Token> tokens) {
        this.tokens = new TokenStream(tokens);
        for (int i = 0; i + 1 < tokens.size(); i++) {
            if (tokens.get(i).isName("macro")) {
                callable.add(tokens.get(i + 1).text());
            }
        }
        this.expressions = new ExpressionParser(this.tokens, callable);
    }

    Node parse() {
        Node all = until(Set.of());
        if (tokens.peek().kind() != Token.Kind.END) {
            throw tokens.error("this has no beginning");
        }
        return all;
    }

    /** Everything up to a block of one of these names, whose begin and name are consumed, or up to the end. */
    private Node until(Set<String> ends) {
        List<Node> nodes = new ArrayList<>();
        while (true) {
            Token token = tokens.next();
            switch (token.kind()) {
                case DATA -> nodes.add(write(scope -> token.text()));
                case OUTPUT_BEGIN -> {
                    nodes.add(write(expressions.parse()));
                    tokens.expect(Token.Kind.OUTPUT_END);
                }
                case BLOCK_BEGIN -> {
                    if (ends.contains(tokens.peek().text())) {
                        return Node.all(nodes);
                    }
                    nodes.add(statement());
                }
                default -> {
                    if (!ends.isEmpty()) {
                        throw tokens.error("one of " + new TreeSet<>(ends) + " is missing");
                    }
                    return Node.all(nodes);
                }
            }
        }
    }

    private static Node write(Expression expression) {
        return (scope, out) -> {
            out.append(Values.text(expression.evaluate(scope)));
            return Node.Flow.NEXT;
        };
    }

    private Node statement() {
        String name = tokens.name();
        return switch (name) {
            case "if" -> condition();
            case "for" -> loop();
            case "set" -> assignment();
            case "macro" -> macro();
            case "generation" -> {
                tokens.expect(Token.Kind.BLOCK_END);
                yield body("endgeneration");
            }
            case "break", "continue" -> {
                tokens.expect(Token.Kind.BLOCK_END);
                if (loops == 0) {
                    throw tokens.error("'" + name + "' outside a loop");
                }
                yield (scope, out) -> name.equals("break") ? Node.Flow.BREAK : Node.Flow.CONTINUE;
            }
            default -> throw tokens.error("the statement '" + name + "' isn't known");
        };
    }

    /** What stands up to an end tag, which is consumed. */
    private Node body(String end) {
        Node node = until(Set.of(end));
        tokens.next();
        tokens.expect(Token.Kind.BLOCK_END);
        return node;
    }

    private Node condition() {
        Expression condition = expressions.parse();
        tokens.expect(Token.Kind.BLOCK_END);
        Node then = until(Set.of("elif", "else", "endif"));
        String next = tokens.name();
        Node otherwise = (scope, out) -> Node.Flow.NEXT;
        if (next.equals("elif")) {
            otherwise = condition();
        } else {
            tokens.expect(Token.Kind.BLOCK_END);
            if (next.equals("else")) {
                otherwise = body("endif");
            }
        }
        Node last = otherwise;
        return (scope, out) -> (Values.truth(condition.evaluate(scope)) ? then : last).render(scope, out);
    }

    private Node loop() {
        List<String> targets = new ArrayList<>(List.of(tokens.name()));
        while (tokens.skip(",")) {
            targets.add(tokens.name());
        }
        if (!tokens.skipName("in")) {
            throw tokens.error("'in' expected");
        }
        Expression items = expressions.or();
        Optional<Expression> filter = tokens.skipName("if") ? Optional.of(expressions.parse()) : Optional.empty();
        tokens.expect(Token.Kind.BLOCK_END);
        loops++;
        Node body = until(Set.of("else", "endfor"));
        loops--;
        Node otherwise = (scope, out) -> Node.Flow.NEXT;
        boolean hasElse = tokens.name().equals("else");
        tokens.expect(Token.Kind.BLOCK_END);
        if (hasElse) {
            otherwise = body("endfor");
        }
        return new Loop(targets, items, filter, body, otherwise);
    }

    private Node assignment() {
        String name = tokens.name();
        Optional<String> field = tokens.skip(".") ? Optional.of(tokens.name()) : Optional.empty();
        if (tokens.skip("=")) {
            Expression value = expressions.parse();
            tokens.expect(Token.Kind.BLOCK_END);
            return (scope, out) -> {
                assign(scope, name, field, value.evaluate(scope));
                return Node.Flow.NEXT;
            };
        }
        if (tokens.peek().kind() != Token.Kind.BLOCK_END) {
            throw tokens.error("'=' expected");
        }
        tokens.next();
        Node body = body("endset");
        return (scope, out) -> {
            StringBuilder text = new StringBuilder();
            body.render(scope.inner(), text);
            assign(scope, name, field, text.toString());
            return Node.Flow.NEXT;
        };
    }

    private static void assign(Scope scope, String name, Optional<String> field, Object value) {
        if (field.isEmpty()) {
            scope.set(name, value);
        } else if (scope.get(name) instanceof Namespace namespace) {
            namespace.fields().put(field.get(), value);
        } else {
            throw new JinjaException(
                    "'" + name + "' is no namespace, so '" + name + "." + field.get() + "' can't be set");
        }
    }

    private Node macro() {
        String name = tokens.name();
        Map<String, Expression> parameters = new LinkedHashMap<>();
        tokens.expect("(");
        while (!tokens.skip(")")) {
            if (!parameters.isEmpty()) {
                tokens.expect(",");
            }
            String parameter = tokens.name();
            parameters.put(parameter, tokens.skip("=") ? expressions.parse() : scope -> new Undefined(parameter));
        }
        tokens.expect(Token.Kind.BLOCK_END);
        int outside = loops;
        loops = 0;
        Node body = body("endmacro");
        loops = outside;
        return (scope, out) -> {
            scope.set(name, new Macro(name, parameters, body, scope));
            return Node.Flow.NEXT;
        };
    }
}
