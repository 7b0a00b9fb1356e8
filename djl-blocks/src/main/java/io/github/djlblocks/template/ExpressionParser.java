package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads expressions. From the loosest to the tightest: {@code if else}, {@code or}, {@code and},
 * {@code not}, comparisons, {@code + -}, {@code ~}, {@code * / // %}, {@code **}, signs, filters
 * and tests, and what follows a value.
 */
final class ExpressionParser {

    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final Set<String> SUMS = Set.of("+", "-");
    private static final Set<String> PRODUCTS = Set.of("*", "/", "//", "%");
    private static final Set<String> AFTER_TEST =
            Set.of("else", "or", "and", "if", "is", "not", "in", "recursive");

    private final TokenReader tokens;
    private final PostfixParser postfix;

    ExpressionParser(TokenReader tokens) {
        this.tokens = tokens;
        postfix = new PostfixParser(tokens, this);
    }

    /** An expression, or several with commas between, which are a list. */
    Expression list() {
        return list(expression());
    }

    /** As {@link #list()}, without if and else, which follow for themselves in a loop. */
    Expression loopItems() {
        return list(or());
    }

    private Expression list(Expression first) {
        if (!tokens.peek().isOperator(",")) {
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        while (tokens.acceptOperator(",") && tokens.peek().kind() != Token.Kind.CLOSE) {
            items.add(expression());
        }
        return listOf(items);
    }

    static Expression listOf(List<Expression> items) {
        return scope -> {
            List<Object> values = new ArrayList<>(items.size());
            items.forEach(item -> values.add(item.evaluate(scope)));
            return values;
        };
    }

    Expression expression() {
        Expression value = or();
        while (tokens.acceptName("if")) {
            Expression chosen = value;
            Expression condition = or();
            Expression otherwise =
                    tokens.acceptName("else")
                            ? expression()
                            : scope -> new Undefined("the value has no else and its if is false");
            value =
                    scope ->
                            Python.isTrue(condition.evaluate(scope))
                                    ? chosen.evaluate(scope)
                                    : otherwise.evaluate(scope);
        }
        return value;
    }

    Expression or() {
        Expression value = and();
        while (tokens.acceptName("or")) {
            Expression left = value;
            Expression right = and();
            value =
                    scope -> {
                        Object first = left.evaluate(scope);
                        return Python.isTrue(first) ? first : right.evaluate(scope);
                    };
        }
        return value;
    }

    private Expression and() {
        Expression value = not();
        while (tokens.acceptName("and")) {
            Expression left = value;
            Expression right = not();
            value =
                    scope -> {
                        Object first = left.evaluate(scope);
                        return Python.isTrue(first) ? right.evaluate(scope) : first;
                    };
        }
        return value;
    }

    private Expression not() {
        if (tokens.acceptName("not")) {
            Expression value = not();
            return scope -> !Python.isTrue(value.evaluate(scope));
        }
        return comparison();
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        for (String operator = comparator(); !operator.isEmpty(); operator = comparator()) {
            operators.add(operator);
            others.add(sum());
        }
        if (operators.isEmpty()) {
            return first;
        }
        return scope -> {
            Object left = first.evaluate(scope);
            for (int i = 0; i < operators.size(); i++) {
                Object right = others.get(i).evaluate(scope);
                if (!Operators.compare(operators.get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    private String comparator() {
        if (tokens.peek().isName("not") && tokens.peekAfter().isName("in")) {
            tokens.next();
            tokens.next();
            return "not in";
        }
        return tokens.acceptName("in") ? "in" : tokens.acceptOperator(COMPARISONS);
    }

    private Expression sum() {
        Expression value = concatenation();
        for (String operator = tokens.acceptOperator(SUMS);
                !operator.isEmpty();
                operator = tokens.acceptOperator(SUMS)) {
            value = binary(operator, value, concatenation());
        }
        return value;
    }

    private Expression concatenation() {
        Expression value = product();
        while (tokens.acceptOperator("~")) {
            value = binary("~", value, product());
        }
        return value;
    }

    private Expression product() {
        Expression value = power();
        for (String operator = tokens.acceptOperator(PRODUCTS);
                !operator.isEmpty();
                operator = tokens.acceptOperator(PRODUCTS)) {
            value = binary(operator, value, power());
        }
        return value;
    }

    private Expression power() {
        Expression value = unary(true);
        while (tokens.acceptOperator("**")) {
            value = binary("**", value, unary(true));
        }
        return value;
    }

    private static Expression binary(String operator, Expression left, Expression right) {
        return scope -> Operators.apply(operator, left.evaluate(scope), right.evaluate(scope));
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (tokens.acceptOperator("-")) {
            Expression positive = unary(false);
            value = scope -> Operators.negative(positive.evaluate(scope));
        } else if (tokens.acceptOperator("+")) {
            value = unary(false);
        } else {
            value = postfix.after(primary());
        }
        return withFilters ? filtersAndTests(value) : value;
    }

    Expression filtersAndTests(Expression first) {
        Expression value = first;
        while (true) {
            if (tokens.acceptOperator("|")) {
                value = filter(value);
            } else if (tokens.acceptName("is")) {
                value = test(value);
            } else {
                return value;
            }
        }
    }

    /** What stands after {@code |}, applied to a value. */
    Expression filter(Expression value) {
        String name = tokens.expect(Token.Kind.NAME, "the name of a filter").text();
        Filters.Filter filter = known(() -> Filters.named(name));
        CallArguments call = tokens.peek().isOperator("(") ? postfix.call() : CallArguments.NONE;
        return scope -> filter.apply(value.evaluate(scope), call.arguments(scope));
    }

    private Expression test(Expression value) {
        boolean negated = tokens.acceptName("not");
        Token token = tokens.next();
        String name = token.text();
        if (token.kind() != Token.Kind.NAME) {
            throw tokens.error("expected the name of a test, found " + token);
        }
        known(
                () -> {
                    Tests.require(name);
                    return name;
                });
        CallArguments call = CallArguments.NONE;
        if (tokens.peek().isOperator("(")) {
            call = postfix.call();
        } else if (isValue(tokens.peek())) {
            call = CallArguments.of(postfix.after(primary()));
        }
        CallArguments arguments = call;
        return scope ->
                Tests.holds(name, value.evaluate(scope), arguments.arguments(scope)) != negated;
    }

    private static boolean isValue(Token token) {
        return switch (token.kind()) {
            case NAME -> !AFTER_TEST.contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            case OPERATOR -> token.text().equals("[") || token.text().equals("{");
            default -> false;
        };
    }

    private <T> T known(java.util.function.Supplier<T> named) {
        try {
            return named.get();
        } catch (TemplateException e) {
            throw e.in(tokens.where(), tokens.peek().line());
        }
    }

    Expression primary() {
        Token token = tokens.next();
        return switch (token.kind()) {
            case NAME -> name(token.text());
            case STRING -> string(token.text());
            case INTEGER -> constant(Long.valueOf(token.text().replace("_", "")));
            case FLOAT -> constant(Double.valueOf(token.text()));
            case OPERATOR ->
                    switch (token.text()) {
                        case "(" -> parentheses();
                        case "[" -> listOf(items("]"));
                        case "{" -> dict();
                        default -> throw notAValue(token);
                    };
            default -> throw notAValue(token);
        };
    }

    private TemplateException notAValue(Token token) {
        return TemplateException.at(
                tokens.where(), token.line(), "expected a value, found " + token);
    }

    private static Expression name(String name) {
        return switch (name) {
            case "true", "True" -> constant(true);
            case "false", "False" -> constant(false);
            case "none", "None" -> constant(None.NONE);
            default -> scope -> scope.get(name);
        };
    }

    static Expression constant(Object value) {
        return scope -> value;
    }

    /** Strings that follow each other are one. */
    private Expression string(String first) {
        StringBuilder text = new StringBuilder(first);
        while (tokens.peek().kind() == Token.Kind.STRING) {
            text.append(tokens.next().text());
        }
        return constant(text.toString());
    }

    private Expression parentheses() {
        if (tokens.acceptOperator(")")) {
            return constant(List.of());
        }
        Expression first = expression();
        if (!tokens.acceptOperator(",")) {
            tokens.expectOperator(")");
            return first;
        }
        List<Expression> items = new ArrayList<>(List.of(first));
        items.addAll(items(")"));
        return listOf(items);
    }

    private List<Expression> items(String end) {
        List<Expression> items = new ArrayList<>();
        while (!tokens.acceptOperator(end)) {
            items.add(expression());
            if (!tokens.peek().isOperator(end)) {
                tokens.expectOperator(",");
            }
        }
        return items;
    }

    private Expression dict() {
        Map<Expression, Expression> entries = new LinkedHashMap<>();
        while (!tokens.acceptOperator("}")) {
            Expression key = expression();
            tokens.expectOperator(":");
            entries.put(key, expression());
            if (!tokens.peek().isOperator("}")) {
                tokens.expectOperator(",");
            }
        }
        return scope -> {
            Map<Object, Object> dict = new LinkedHashMap<>();
            entries.forEach((key, value) -> dict.put(key.evaluate(scope), value.evaluate(scope)));
            return dict;
        };
    }
}
