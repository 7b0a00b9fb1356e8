package io.github.djlblocks.parity.cases;

import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The parameters under a prefix of their paths, and the formulas that take several of them. */
record Scope(Map<String, Var> parameters, String prefix) {

    static Scope of(Map<String, Var> parameters) {
        return new Scope(parameters, "");
    }

    Scope child(String name) {
        return new Scope(parameters, prefix + name + ".");
    }

    Var required(String name) {
        return get(parameters, prefix + name);
    }

    @Nullable Var optional(String name) {
        return parameters.get(prefix + name);
    }

    Var linear(String name, Var x) {
        Scope linear = child(name);
        return OracleLinear.linear(x, linear.required("weight"), linear.optional("bias"));
    }

    Var rmsNorm(Var x, double epsilon) {
        return OracleNorms.rmsNorm(x, optional("weight"), epsilon, OracleRmsNormOptions.DEFAULT);
    }

    Var layerNorm(Var x, double epsilon) {
        return OracleNorms.layerNorm(x, optional("weight"), optional("bias"), epsilon);
    }

    Var gatedFeedForward(Var x, OracleActivation activation) {
        return OracleLinear.gatedFeedForward(
                x,
                required("gate.weight"),
                required("up.weight"),
                required("down.weight"),
                optional("gate.bias"),
                optional("up.bias"),
                optional("down.bias"),
                activation);
    }

    static <T> T get(Map<String, T> vars, String name) {
        T found = vars.get(name);
        if (found == null) {
            throw new IllegalArgumentException(
                    "no array is called '" + name + "': there are " + vars.keySet());
        }
        return found;
    }
}
