package io.github.djlblocks.template;

import java.util.List;

/** What the statements of a template do. */
final class Statements {

    /** The variable that holds what a block has printed; no template can name it. */
    static final String CAPTURED = "{captured}";

    private Statements() {}

    static Statement sequence(List<Statement> statements) {
        List<Statement> all = List.copyOf(statements);
        return (scope, out) -> {
            for (Statement statement : all) {
                Statement.Flow flow = statement.run(scope, out);
                if (flow != Statement.Flow.NEXT) {
                    return flow;
                }
            }
            return Statement.Flow.NEXT;
        };
    }

    static Statement print(Expression value) {
        return (scope, out) -> {
            out.append(PythonText.str(value.evaluate(scope)));
            return Statement.Flow.NEXT;
        };
    }

    static Statement branch(Expression condition, Statement then, Statement otherwise) {
        return (scope, out) ->
                (Python.isTrue(condition.evaluate(scope)) ? then : otherwise).run(scope, out);
    }

    static Statement set(List<String> names, Expression value) {
        return (scope, out) -> {
            assign(scope, names, value.evaluate(scope));
            return Statement.Flow.NEXT;
        };
    }

    /** Sets one name, or shares out the items of a list to several. */
    static void assign(Scope scope, List<String> names, Object value) {
        if (names.size() == 1) {
            scope.set(names.get(0), value);
            return;
        }
        List<Object> items = Python.items(value);
        if (items.size() != names.size()) {
            throw new TemplateException(
                    items.size() + " values cannot be given to " + names.size() + " names");
        }
        for (int i = 0; i < names.size(); i++) {
            scope.set(names.get(i), items.get(i));
        }
    }

    static Statement setAttribute(String name, String attribute, Expression value) {
        return (scope, out) -> {
            if (!(scope.get(name) instanceof Namespace namespace)) {
                throw new TemplateException(
                        "cannot set "
                                + name
                                + "."
                                + attribute
                                + ": only what namespace() made has attributes to set");
            }
            namespace.attributes().put(attribute, value.evaluate(scope));
            return Statement.Flow.NEXT;
        };
    }

    /** Runs a body for its text, and sets or prints that. */
    static Statement capture(Statement body, Expression filtered, String name) {
        return (scope, out) -> {
            StringBuilder text = new StringBuilder();
            body.run(scope.inner(), text);
            Scope inner = scope.inner();
            inner.set(CAPTURED, text.toString());
            Object value = filtered.evaluate(inner);
            if (name.isEmpty()) {
                out.append(PythonText.str(value));
            } else {
                scope.set(name, value);
            }
            return Statement.Flow.NEXT;
        };
    }

    static Statement with(List<String> names, List<Expression> values, Statement body) {
        return (scope, out) -> {
            Scope inner = scope.inner();
            for (int i = 0; i < names.size(); i++) {
                inner.set(names.get(i), values.get(i).evaluate(scope));
            }
            return body.run(inner, out);
        };
    }
}
