package io.millrace.engine.text.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Jinja2's expression grammar, by recursive descent in its order of precedence. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> NOT_AN_ARGUMENT = Set.of("else", "or", "and", "is", "if", "in", "not");

    private final TokenStream tokens;
    private final Set<String> callable;

    /** @param callable names that may be called */
    ExpressionParser(TokenStream tokens, Set<String> callable) {
        this.tokens = tokens;
        this.callable = callable;
    }

    /** A whole expression, with {@code a if b else c}. */
    Expression parse() {
        Expression value = or();
        while (tokens.skipName("if")) {
            Expression then = value;
            Expression condition = or();
            Expression otherwise = tokens.skipName("else") ? parse() : scope -> new Undefined("the inline if's else");
            value = scope -> (Values.truth(condition.evaluate(scope)) ? then : otherwise).evaluate(scope);
        }
        return value;
    }

    /** An expression where {@code if} belongs to what is around it. */
    Expression or() {
        Expression left = and();
        while (tokens.skipName("or")) {
            Expression first = left;
            Expression second = and();
            left = scope -> {
                Object value = first.evaluate(scope);
                return Values.truth(value) ? value : second.evaluate(scope);
            };
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (tokens.skipName("and")) {
            Expression first = left;
            Expression second = not();
            left = scope -> {
                Object value = first.evaluate(scope);
                return Values.truth(value) ? second.evaluate(scope) : value;
            };
        }
        return left;
    }

    private Expression not() {
        if (tokens.skipName("not")) {
            Expression value = not();
            return scope -> !Values.truth(value.evaluate(scope));
        }
        return comparison();
    }

    private interface Comparison {
        boolean holds(Object a, Object b);
    }

    private Expression comparison() {
        Expression first = sum();
        List<Comparison> comparisons = new ArrayList<>();
        List<Expression> operands = new ArrayList<>();
        while (true) {
            if (tokens.peek().kind() == Token.Kind.OPERATOR
                    && COMPARISONS.contains(tokens.peek().text())) {
                comparisons.add(comparison(tokens.next().text()));
            } else if (tokens.skipName("in")) {
                comparisons.add((item, container) -> Values.contains(container, item));
            } else if (tokens.peek().isName("not")) {
                tokens.next();
                if (!tokens.skipName("in")) {
                    throw tokens.error("'in' expected after 'not'");
                }
                comparisons.add((item, container) -> !Values.contains(container, item));
            } else {
                break;
            }
            operands.add(sum());
        }
        return comparisons.isEmpty() ? first : scope -> chain(first, comparisons, operands, scope);
    }

    private static boolean chain(
            Expression first, List<Comparison> comparisons, List<Expression> operands, Scope scope) {
        Object left = first.evaluate(scope);
        for (int i = 0; i < comparisons.size(); i++) {
            Object right = operands.get(i).evaluate(scope);
            if (!comparisons.get(i).holds(left, right)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private static Comparison comparison(String operator) {
        return switch (operator) {
            case "==" -> Values::equal;
            case "!=" -> (a, b) -> !Values.equal(a, b);
            case "<" -> (a, b) -> Values.compare(a, b) < 0;
            case "<=" -> (a, b) -> Values.compare(a, b) <= 0;
            case ">" -> (a, b) -> Values.compare(a, b) > 0;
            default -> (a, b) -> Values.compare(a, b) >= 0;
        };
    }

    private Expression sum() {
        Expression left = concatenation();
        while (tokens.peek().is("+") || tokens.peek().is("-")) {
            boolean plus = tokens.next().text().equals("+");
            Expression a = left;
            Expression b = concatenation();
            left = scope -> plus
                    ? Operators.add(a.evaluate(scope), b.evaluate(scope))
                    : Operators.arithmetic("-", a.evaluate(scope), b.evaluate(scope));
        }
        return left;
    }

    private Expression concatenation() {
        Expression left = product();
        while (tokens.skip("~")) {
            Expression a = left;
            Expression b = product();
            left = scope -> Values.text(a.evaluate(scope)) + Values.text(b.evaluate(scope));
        }
        return left;
    }

    private Expression product() {
        Expression left = power();
        while (tokens.peek().is("*")
                || tokens.peek().is("/")
                || tokens.peek().is("//")
                || tokens.peek().is("%")) {
            String operator = tokens.next().text();
            Expression a = left;
            Expression b = power();
            left = scope -> Operators.arithmetic(operator, a.evaluate(scope), b.evaluate(scope));
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (tokens.skip("**")) {
            Expression a = left;
            Expression b = unary(true);
            left = scope -> Operators.arithmetic("**", a.evaluate(scope), b.evaluate(scope));
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (tokens.skip("-")) {
            Expression operand = unary(false);
            value = scope -> Operators.negate(operand.evaluate(scope));
        } else if (tokens.skip("+")) {
            value = unary(false);
        } else {
            value = new PrimaryParser(tokens, this, callable).parse();
        }
        return withFilters ? filtered(value) : value;
    }

    private Expression filtered(Expression start) {
        Expression value = start;
        while (true) {
            if (tokens.skip("|")) {
                value = filter(value);
            } else if (tokens.skipName("is")) {
                value = test(value);
            } else {
                return value;
            }
        }
    }

    private Expression filter(Expression value) {
        String name = tokens.name();
        Callable filter = Filters.find(name).orElseThrow(() -> tokens.error("the filter '" + name + "' isn't known"));
        Arguments arguments = tokens.skip("(") ? arguments() : new Arguments(List.of(), Map.of());
        return scope -> {
            List<Object> all = new ArrayList<>();
            all.add(value.evaluate(scope));
            all.addAll(arguments.values(scope));
            return filter.call(all, arguments.named(scope));
        };
    }

    private Expression test(Expression value) {
        boolean negated = tokens.skipName("not");
        String name = tokens.name();
        Tests.Test test = Tests.find(name).orElseThrow(() -> tokens.error("the test '" + name + "' isn't known"));
        Arguments arguments = new Arguments(List.of(), Map.of());
        if (tokens.skip("(")) {
            arguments = arguments();
        } else if (startsArgument()) {
            arguments = new Arguments(List.of(new PrimaryParser(tokens, this, callable).parse()), Map.of());
        }
        Arguments given = arguments;
        return scope -> test.holds(value.evaluate(scope), given.values(scope)) != negated;
    }

    private boolean startsArgument() {
        Token token = tokens.peek();
        return switch (token.kind()) {
            case NAME -> !NOT_AN_ARGUMENT.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.is("[") || token.is("{");
            default -> false;
        };
    }

    /** Arguments of a call, not yet evaluated. */
    record Arguments(List<Expression> positional, Map<String, Expression> byName) {
        List<Object> values(Scope scope) {
            return positional.stream().map(e -> e.evaluate(scope)).toList();
        }

        Map<String, Object> named(Scope scope) {
            Map<String, Object> values = new LinkedHashMap<>();
            byName.forEach((name, e) -> values.put(name, e.evaluate(scope)));
            return values;
        }
    }

    /** What stands after an opening bracket, and the closing one. */
    Arguments arguments() {
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!tokens.skip(")")) {
            if (!positional.isEmpty() || !named.isEmpty()) {
                tokens.expect(",");
                if (tokens.skip(")")) {
                    break;
                }
            }
            Expression value = parse();
            if (tokens.skip("=")) {
                String name = value instanceof PrimaryParser.Name n ? n.name() : "";
                if (name.isEmpty()) {
                    throw tokens.error("a name expected before '='");
                }
                named.put(name, parse());
            } else {
                positional.add(value);
            }
        }
        return new Arguments(positional, named);
    }
}
