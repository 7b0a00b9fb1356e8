package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/** The experts of each token, and the weights of their outputs. */
public final class Routing {

    private final NDArray logits;
    private final NDArray weights;
    private final int @Nullable [][] experts;
    private final @Nullable NDArray chosen;
    private final RoutingSpec spec;

    Routing(NDArray logits, NDArray weights, int[][] experts, RoutingSpec spec) {
        this.logits = logits;
        this.weights = weights;
        this.experts = experts;
        this.spec = spec;
        chosen = null;
    }

    private Routing(NDArray logits, NDArray weights, NDArray chosen, RoutingSpec spec) {
        this.logits = logits;
        this.weights = weights;
        this.chosen = chosen;
        this.spec = spec;
        experts = null;
    }

    /**
     * Holds a choice that is an array itself, as where a computation is recorded.
     *
     * @param logits (N, M)
     * @param weights (N, k)
     * @param chosen INT64, (N, k)
     * @param spec how they were chosen
     * @return the routing
     */
    public static Routing recorded(
            NDArray logits, NDArray weights, NDArray chosen, RoutingSpec spec) {
        return new Routing(logits, weights, chosen, spec);
    }

    /**
     * Returns the router's logits.
     *
     * @return (N, M) for N tokens and M experts, FLOAT32 or FLOAT64
     */
    public NDArray logits() {
        return logits;
    }

    /**
     * Returns the weights of the chosen experts.
     *
     * @return (N, k), FLOAT32 or FLOAT64
     */
    public NDArray weights() {
        return weights;
    }

    /**
     * Returns how many tokens were routed.
     *
     * @return N
     */
    public int tokens() {
        return onHost().length;
    }

    /**
     * Returns the experts of a token.
     *
     * @param token from 0 to N - 1
     * @return k numbers of experts, the best first
     */
    public int[] experts(int token) {
        return onHost()[token].clone();
    }

    private int[][] onHost() {
        if (experts == null) {
            throw new UnsupportedOperationException(
                    "the chosen experts of a recorded computation are not known yet");
        }
        return experts;
    }

    /**
     * Returns the choice of a recorded computation.
     *
     * @return INT64, (N, k)
     * @throws UnsupportedOperationException if the choice is known on the host
     */
    public NDArray chosen() {
        if (chosen == null) {
            throw new UnsupportedOperationException("the chosen experts are known on the host");
        }
        return chosen;
    }

    /**
     * Returns how they were chosen.
     *
     * @return the specification
     */
    public RoutingSpec spec() {
        return spec;
    }
}
