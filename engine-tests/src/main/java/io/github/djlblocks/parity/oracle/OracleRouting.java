package io.github.djlblocks.parity.oracle;

/**
 * How an {@link OracleMixtureOfExperts} chooses experts and weights them.
 *
 * @param chosen how many experts a token is given
 * @param sigmoid whether scores are sigmoids of the logits instead of their softmax
 * @param normalized whether the weights of the chosen are divided by their sum
 * @param scale factor of the weights
 * @param groups groups of neighbouring experts; 1 for none
 * @param groupsChosen how many of them are chosen from
 * @param bestOfGroup how many of a group's best scores make its worth
 */
public record OracleRouting(
        int chosen,
        boolean sigmoid,
        boolean normalized,
        double scale,
        int groups,
        int groupsChosen,
        int bestOfGroup) {

    /**
     * Softmax over all experts, the best chosen, no groups.
     *
     * @param chosen how many experts a token is given
     * @param normalized whether the weights of the chosen are divided by their sum
     * @return the routing
     */
    public static OracleRouting softmax(int chosen, boolean normalized) {
        return new OracleRouting(chosen, false, normalized, 1, 1, 1, 1);
    }
}
