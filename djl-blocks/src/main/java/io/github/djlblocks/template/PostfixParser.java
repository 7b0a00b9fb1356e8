package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads what may follow a value: {@code .name}, {@code [item]}, slices and calls. */
final class PostfixParser {

    private final TokenReader tokens;
    private final ExpressionParser expressions;

    PostfixParser(TokenReader tokens, ExpressionParser expressions) {
        this.tokens = tokens;
        this.expressions = expressions;
    }

    Expression after(Expression first) {
        Expression value = first;
        while (true) {
            Token token = tokens.peek();
            if (token.isOperator("(")) {
                value = called(value, call());
            } else if (tokens.acceptOperator(".")) {
                value = attribute(value);
            } else if (tokens.acceptOperator("[")) {
                value = item(value);
            } else {
                return value;
            }
        }
    }

    private Expression attribute(Expression value) {
        Token name = tokens.next();
        if (name.kind() == Token.Kind.INTEGER) {
            long index = Long.parseLong(name.text());
            return scope -> Lookup.item(value.evaluate(scope), index);
        }
        if (name.kind() != Token.Kind.NAME) {
            throw tokens.error("expected a name after '.', found " + name);
        }
        return scope -> Lookup.attribute(value.evaluate(scope), name.text());
    }

    private Expression item(Expression value) {
        Expression none = ExpressionParser.constant(None.NONE);
        Expression first = tokens.peek().isOperator(":") ? none : expressions.expression();
        if (tokens.acceptOperator("]")) {
            return scope -> Lookup.item(value.evaluate(scope), first.evaluate(scope));
        }
        tokens.expectOperator(":");
        Expression end = isBound() ? expressions.expression() : none;
        Expression step = tokens.acceptOperator(":") && isBound() ? expressions.expression() : none;
        tokens.expectOperator("]");
        return scope ->
                Lookup.slice(
                        value.evaluate(scope),
                        first.evaluate(scope),
                        end.evaluate(scope),
                        step.evaluate(scope));
    }

    private boolean isBound() {
        return !tokens.peek().isOperator(":") && !tokens.peek().isOperator("]");
    }

    private static Expression called(Expression function, CallArguments arguments) {
        return scope -> {
            Object called = function.evaluate(scope);
            if (called instanceof Callable callable) {
                return callable.call(arguments.arguments(scope));
            }
            throw new TemplateException("a " + Python.typeOf(called) + " cannot be called");
        };
    }

    CallArguments call() {
        tokens.expectOperator("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        while (!tokens.acceptOperator(")")) {
            if (tokens.peek().isOperator("*") || tokens.peek().isOperator("**")) {
                throw tokens.error("arguments with * are not implemented: write them one by one");
            }
            if (tokens.peek().kind() == Token.Kind.NAME && tokens.peekAfter().isOperator("=")) {
                String name = tokens.next().text();
                tokens.next();
                named.put(name, expressions.expression());
            } else if (named.isEmpty()) {
                positional.add(expressions.expression());
            } else {
                throw tokens.error("an argument without a name follows one with a name");
            }
            if (!tokens.peek().isOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return new CallArguments(positional, named);
    }
}
