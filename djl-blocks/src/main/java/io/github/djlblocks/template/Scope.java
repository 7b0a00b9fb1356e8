package io.github.djlblocks.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables that lines of a template see: their own, then those around them. */
final class Scope {

    private final @Nullable Scope around;
    private final Map<String, Object> variables = new HashMap<>();

    private Scope(@Nullable Scope around) {
        this.around = around;
    }

    static Scope of(Map<String, Object> variables) {
        Scope scope = new Scope(null);
        scope.variables.putAll(variables);
        return scope;
    }

    /** A scope inside this one; what is set there ends with it. */
    Scope inner() {
        return new Scope(this);
    }

    void set(String name, Object value) {
        variables.put(name, value);
    }

    Object get(String name) {
        for (Scope scope = this; scope != null; scope = scope.around) {
            Object value = scope.variables.get(name);
            if (value != null) {
                return value;
            }
        }
        return new Undefined("'" + name + "' is undefined");
    }
}
