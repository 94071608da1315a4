package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Literals and names, and what is taken or called from them. */
final class PrimaryParser {
    private final TokenStream tokens;
    private final ExpressionParser expressions;
    private final Set<String> callable;

    PrimaryParser(TokenStream tokens, ExpressionParser expressions, Set<String> callable) {
        this.tokens = tokens;
        this.expressions = expressions;
        this.callable = callable;
    }

    /** A variable. */
    record Name(String name) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return scope.get(name);
        }
    }

    private record Attribute(Expression of, String name) implements Expression {
        @Override
        public Object evaluate(Scope scope) {
            return Operators.attribute(of.evaluate(scope), name);
        }
    }

    Expression parse() {
        Expression value = primary();
        while (true) {
            if (tokens.skip(".")) {
                Token name = tokens.next();
                value = switch (name.kind()) {
                    case NAME -> new Attribute(value, name.text());
                    case INTEGER -> item(value, Long.parseLong(name.text()));
                    default -> throw tokens.error("a name expected after '.'");
                };
            } else if (tokens.skip("[")) {
                value = subscript(value);
            } else if (tokens.skip("(")) {
                value = call(value);
            } else {
                return value;
            }
        }
    }

    private static Expression item(Expression value, Object key) {
        return scope -> Operators.item(value.evaluate(scope), key);
    }

    private Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> named(token.text());
            case STRING -> {
                StringBuilder text = new StringBuilder(token.text());
                while (tokens.peek().kind() == Token.Kind.STRING) {
                    text.append(tokens.next().text());
                }
                String value = text.toString();
                yield scope -> value;
            }
            case INTEGER -> {
                long value = Long.parseLong(token.text());
                yield scope -> value;
            }
            case FLOAT -> {
                double value = Double.parseDouble(token.text());
                yield scope -> value;
            }
            case OPERATOR ->
                switch (token.text()) {
                    case "(" -> tuple();
                    case "[" -> list("]", new ArrayList<>());
                    case "{" -> dict();
                    default -> throw tokens.error("'" + token.text() + "' makes no sense before this");
                };
            default -> throw tokens.error("a value expected");
        };
    }

    private static Expression named(String name) {
        return switch (name) {
            case "true", "True" -> scope -> true;
            case "false", "False" -> scope -> false;
            case "none", "None" -> scope -> None.NONE;
            default -> new Name(name);
        };
    }

    private Expression tuple() {
        if (tokens.skip(")")) {
            return scope -> new Tuple(List.of());
        }
        Expression first = expressions.parse();
        if (tokens.skip(")")) {
            return first;
        }
        tokens.expect(",");
        Expression all = list(")", new ArrayList<>(List.of(first)));
        return scope -> new Tuple(Values.items(all.evaluate(scope)));
    }

    /** The items up to the bracket that ends them; commas stand between, and one may stand at the end. */
    private Expression list(String end, List<Expression> items) {
        while (!tokens.skip(end)) {
            items.add(expressions.parse());
            if (!tokens.peek().is(end)) {
                tokens.expect(",");
            }
        }
        return scope -> {
            List<Object> values = new ArrayList<>();
            items.forEach(item -> values.add(item.evaluate(scope)));
            return values;
        };
    }

    private Expression dict() {
        Map<Expression, Expression> entries = new LinkedHashMap<>();
        while (!tokens.skip("}")) {
            if (!entries.isEmpty()) {
                tokens.expect(",");
                if (tokens.skip("}")) {
                    break;
                }
            }
            Expression key = expressions.parse();
            tokens.expect(":");
            entries.put(key, expressions.parse());
        }
        return scope -> {
            Map<Object, Object> values = new LinkedHashMap<>();
            entries.forEach((key, value) -> values.put(key.evaluate(scope), value.evaluate(scope)));
            return values;
        };
    }

    private Expression subscript(Expression value) {
        List<Expression> parts = new ArrayList<>();
        boolean slice = false;
        Expression part = scope -> None.NONE;
        boolean given = false;
        while (!tokens.skip("]")) {
            if (tokens.skip(":")) {
                parts.add(part);
                part = scope -> None.NONE;
                slice = true;
                given = false;
            } else if (given) {
                throw tokens.error("']' expected");
            } else {
                part = expressions.parse();
                given = true;
            }
        }
        if (!slice) {
            Expression key = part;
            if (!given) {
                throw tokens.error("an index expected");
            }
            return scope -> Operators.item(value.evaluate(scope), key.evaluate(scope));
        }
        parts.add(part);
        if (parts.size() > 3) {
            throw tokens.error("a slice has three parts at most");
        }
        Expression from = parts.get(0);
        Expression to = parts.get(1);
        Expression step = parts.size() == 3 ? parts.get(2) : scope -> None.NONE;
        return scope ->
                Operators.slice(value.evaluate(scope), from.evaluate(scope), to.evaluate(scope), step.evaluate(scope));
    }

    private Expression call(Expression value) {
        if (value instanceof Attribute method) {
            if (!Methods.isKnown(method.name())) {
                throw tokens.error("the method '" + method.name() + "' isn't known");
            }
            ExpressionParser.Arguments arguments = expressions.arguments();
            return scope -> Methods.call(
                    method.of().evaluate(scope), method.name(), arguments.values(scope), arguments.named(scope));
        }
        if (!(value instanceof Name function) || !callable.contains(function.name())) {
            throw tokens.error("this can't be called; the functions known are " + String.join(", ", callable));
        }
        ExpressionParser.Arguments arguments = expressions.arguments();
        return scope -> {
            Object target = function.evaluate(scope);
            if (target instanceof Callable known) {
                return known.call(arguments.values(scope), arguments.named(scope));
            }
            throw new JinjaException("'" + function.name() + "' is no function here");
        };
    }
}
