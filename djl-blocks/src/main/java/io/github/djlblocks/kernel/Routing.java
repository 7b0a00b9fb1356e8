package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;

/** The experts of each token, and the weights of their outputs. */
public final class Routing {

    private final NDArray logits;
    private final NDArray weights;
    private final int[][] experts;
    private final RoutingSpec spec;

    Routing(NDArray logits, NDArray weights, int[][] experts, RoutingSpec spec) {
        this.logits = logits;
        this.weights = weights;
        this.experts = experts;
        this.spec = spec;
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
        return experts.length;
    }

    /**
     * Returns the experts of a token.
     *
     * @param token from 0 to N - 1
     * @return k numbers of experts, the best first
     */
    public int[] experts(int token) {
        return experts[token].clone();
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
