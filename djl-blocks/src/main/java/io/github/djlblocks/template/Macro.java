package io.github.djlblocks.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A part of a template with arguments; called, it is the text that it prints. */
record Macro(String name, Signature signature, Statement body, Scope scope) implements Callable {

    /** The names of arguments, and what they are where they are not given. */
    record Signature(List<String> names, List<Expression> defaults) {}

    @Override
    public Object call(Arguments arguments) {
        List<String> names = signature.names();
        Arguments.Bound bound = arguments.bind(name, names.toArray(String[]::new));
        Scope inner = scope.inner();
        for (int i = 0; i < names.size(); i++) {
            @Nullable Object given = bound.find(names.get(i));
            inner.set(
                    names.get(i),
                    given == null ? signature.defaults().get(i).evaluate(inner) : given);
        }
        StringBuilder out = new StringBuilder();
        body.run(inner, out);
        return out.toString();
    }
}
