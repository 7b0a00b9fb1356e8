package io.github.djlblocks.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads text, values to print and statements. */
final class StatementParser {

    private static final Set<String> OTHER_FILES =
            Set.of("include", "import", "from", "extends", "block");

    private final TokenReader tokens;
    private final ExpressionParser expressions;
    private int loops;

    StatementParser(TokenReader tokens) {
        this.tokens = tokens;
        expressions = new ExpressionParser(tokens);
    }

    Statement template() {
        Statement body = body(Set.of());
        if (tokens.peek().kind() != Token.Kind.END) {
            throw tokens.error("{% " + tokens.peekAfter().text() + " %} ends nothing");
        }
        return body;
    }

    /** Everything up to a statement of one of some names, which comes next then. */
    private Statement body(Set<String> ends) {
        List<Statement> statements = new ArrayList<>();
        while (true) {
            Token token = tokens.peek();
            if (token.kind() == Token.Kind.TEXT) {
                String text = tokens.next().text();
                statements.add(
                        (scope, out) -> {
                            out.append(text);
                            return Statement.Flow.NEXT;
                        });
            } else if (tokens.accept(Token.Kind.PRINT)) {
                Expression value = expressions.list();
                close();
                statements.add(placed(token.line(), Statements.print(value)));
            } else if (token.kind() == Token.Kind.STATEMENT && !isEnd(tokens.peekAfter(), ends)) {
                tokens.next();
                statements.add(placed(token.line(), statement()));
            } else if (token.kind() == Token.Kind.END && !ends.isEmpty()) {
                throw tokens.error(
                        "the template ends before {% " + String.join(" or ", sorted(ends)) + " %}");
            } else {
                return Statements.sequence(statements);
            }
        }
    }

    private static List<String> sorted(Set<String> names) {
        return names.stream().sorted().toList();
    }

    private static boolean isEnd(Token name, Set<String> ends) {
        return name.kind() == Token.Kind.NAME
                && (ends.contains(name.text()) || name.text().startsWith("end"));
    }

    private void close() {
        tokens.expect(Token.Kind.CLOSE, "the end of the tag");
    }

    private Statement placed(int line, Statement statement) {
        return (scope, out) -> {
            try {
                return statement.run(scope, out);
            } catch (TemplateException e) {
                throw e.in(tokens.where(), line);
            } catch (ArithmeticException e) {
                throw TemplateException.at(tokens.where(), line, "a number is too large");
            }
        };
    }

    private Statement statement() {
        Token token = tokens.expect(Token.Kind.NAME, "the name of a statement");
        return switch (token.text()) {
            case "if" -> branch();
            case "for" -> loop();
            case "set" -> set();
            case "macro" -> macro();
            case "filter" -> filter();
            case "with" -> with();
            case "generation" -> {
                close();
                yield ended("endgeneration");
            }
            case "break" -> jump(Statement.Flow.BREAK);
            case "continue" -> jump(Statement.Flow.CONTINUE);
            default -> throw refused(token);
        };
    }

    private TemplateException refused(Token name) {
        String message =
                OTHER_FILES.contains(name.text())
                        ? "needs other templates, which a chat template does not have"
                        : "is not implemented";
        return TemplateException.at(
                tokens.where(), name.line(), "{% " + name.text() + " %} " + message);
    }

    /** A body with its end, both tags included. */
    private Statement ended(String end) {
        Statement body = body(Set.of(end));
        tokens.expect(Token.Kind.STATEMENT, "{% " + end + " %}");
        tokens.expectName(end);
        close();
        return body;
    }

    private Statement jump(Statement.Flow flow) {
        if (loops == 0) {
            throw tokens.error("there is no loop to break or continue");
        }
        close();
        return (scope, out) -> flow;
    }

    private Statement branch() {
        Expression condition = expressions.list();
        close();
        Statement then = body(Set.of("elif", "else", "endif"));
        tokens.expect(Token.Kind.STATEMENT, "{% endif %}");
        if (tokens.acceptName("elif")) {
            return Statements.branch(condition, then, branch());
        }
        if (tokens.acceptName("else")) {
            close();
            return Statements.branch(condition, then, ended("endif"));
        }
        tokens.expectName("endif");
        close();
        return Statements.branch(condition, then, Statements.sequence(List.of()));
    }

    private Statement loop() {
        List<String> names = targets();
        tokens.expectName("in");
        Expression items = expressions.loopItems();
        Expression condition =
                tokens.acceptName("if")
                        ? expressions.expression()
                        : ExpressionParser.constant(true);
        if (tokens.peek().isName("recursive")) {
            throw tokens.error("recursive loops are not implemented: call a macro");
        }
        close();
        loops++;
        Statement body = body(Set.of("else", "endfor"));
        loops--;
        tokens.expect(Token.Kind.STATEMENT, "{% endfor %}");
        Statement otherwise = Statements.sequence(List.of());
        if (tokens.acceptName("else")) {
            close();
            otherwise = ended("endfor");
        } else {
            tokens.expectName("endfor");
            close();
        }
        return new ForLoop(names, items, condition, body, otherwise);
    }

    /** One name, or several that share out the items of a list. */
    private List<String> targets() {
        boolean parentheses = tokens.acceptOperator("(");
        List<String> names = new ArrayList<>();
        do {
            names.add(tokens.expect(Token.Kind.NAME, "a name").text());
        } while (tokens.acceptOperator(",") && tokens.peek().kind() == Token.Kind.NAME);
        if (parentheses) {
            tokens.expectOperator(")");
        }
        return names;
    }

    private Statement set() {
        List<String> names = targets();
        if (names.size() == 1 && tokens.acceptOperator(".")) {
            String attribute = tokens.expect(Token.Kind.NAME, "a name").text();
            tokens.expectOperator("=");
            Expression value = expressions.list();
            close();
            return Statements.setAttribute(names.get(0), attribute, value);
        }
        if (tokens.acceptOperator("=")) {
            Expression value = expressions.list();
            close();
            return Statements.set(names, value);
        }
        Expression text = scope -> scope.get(Statements.CAPTURED);
        Expression filtered = expressions.filtersAndTests(text);
        close();
        return Statements.capture(ended("endset"), filtered, names.get(0));
    }

    private Statement filter() {
        Expression text = scope -> scope.get(Statements.CAPTURED);
        Expression filtered = expressions.filtersAndTests(expressions.filter(text));
        close();
        return Statements.capture(ended("endfilter"), filtered, "");
    }

    private Statement with() {
        List<String> names = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (tokens.peek().kind() != Token.Kind.CLOSE) {
            names.add(tokens.expect(Token.Kind.NAME, "a name").text());
            tokens.expectOperator("=");
            values.add(expressions.expression());
            if (!tokens.acceptOperator(",")) {
                break;
            }
        }
        close();
        return Statements.with(names, values, ended("endwith"));
    }

    private Statement macro() {
        String name = tokens.expect(Token.Kind.NAME, "the name of the macro").text();
        Macro.Signature signature = signature();
        close();
        int around = loops;
        loops = 0;
        Statement body = ended("endmacro");
        loops = around;
        return (scope, out) -> {
            scope.set(name, new Macro(name, signature, body, scope));
            return Statement.Flow.NEXT;
        };
    }

    private Macro.Signature signature() {
        tokens.expectOperator("(");
        List<String> names = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        while (!tokens.acceptOperator(")")) {
            String name = tokens.expect(Token.Kind.NAME, "the name of an argument").text();
            names.add(name);
            defaults.add(
                    tokens.acceptOperator("=")
                            ? expressions.expression()
                            : scope -> new Undefined("the argument '" + name + "' is not given"));
            if (!tokens.peek().isOperator(")")) {
                tokens.expectOperator(",");
            }
        }
        return new Macro.Signature(names, defaults);
    }
}
