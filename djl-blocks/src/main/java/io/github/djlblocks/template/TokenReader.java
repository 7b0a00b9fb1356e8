package io.github.djlblocks.template;

import java.util.List;
import java.util.Set;

/** The tokens of a template, one after another. */
final class TokenReader {

    private final String where;
    private final List<Token> tokens;
    private int position;

    TokenReader(String where, List<Token> tokens) {
        this.where = where;
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(position);
    }

    Token peekAfter() {
        return tokens.get(Math.min(position + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = tokens.get(position);
        position = Math.min(position + 1, tokens.size() - 1);
        return token;
    }

    boolean accept(Token.Kind kind) {
        boolean found = peek().kind() == kind;
        if (found) {
            next();
        }
        return found;
    }

    boolean acceptOperator(String operator) {
        boolean found = peek().isOperator(operator);
        if (found) {
            next();
        }
        return found;
    }

    boolean acceptName(String name) {
        boolean found = peek().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    /** Takes one of some operators, or returns an empty text. */
    String acceptOperator(Set<String> operators) {
        Token token = peek();
        return token.kind() == Token.Kind.OPERATOR && operators.contains(token.text())
                ? next().text()
                : "";
    }

    Token expect(Token.Kind kind, String what) {
        Token token = peek();
        if (token.kind() != kind) {
            throw unexpected(what);
        }
        return next();
    }

    void expectOperator(String operator) {
        if (!acceptOperator(operator)) {
            throw unexpected("'" + operator + "'");
        }
    }

    void expectName(String name) {
        if (!acceptName(name)) {
            throw unexpected("'" + name + "'");
        }
    }

    TemplateException unexpected(String what) {
        return error("expected " + what + ", found " + peek());
    }

    TemplateException error(String message) {
        return TemplateException.at(where, peek().line(), message);
    }

    String where() {
        return where;
    }
}
