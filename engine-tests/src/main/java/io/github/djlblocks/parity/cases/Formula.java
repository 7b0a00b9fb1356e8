package io.github.djlblocks.parity.cases;

import io.github.djlblocks.parity.oracle.Var;
import java.util.Map;

/** The formula of a block in float64, written on the oracle. */
@FunctionalInterface
public interface Formula {

    /**
     * Computes the true output.
     *
     * @param inputs the arrays of the case by name, integers and truth values (0 and 1) among them
     * @param parameters the parameters by path, such as {@code query.weight}
     * @return the output, computed from these very inputs and parameters, so that their gradients
     *     follow
     */
    Var apply(Map<String, Var> inputs, Map<String, Var> parameters);
}
