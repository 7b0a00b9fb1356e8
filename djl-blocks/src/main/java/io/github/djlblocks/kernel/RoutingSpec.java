package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * How experts are chosen for a token and how their outputs are weighted.
 *
 * @param expertsPerToken how many are chosen, k
 * @param score what the router's logits become
 * @param normalize whether the weights of the chosen are divided by their sum
 * @param scale factor of the weights
 * @param groups how many groups of equal size the experts are in; 1 for none
 * @param groupsChosen from how many of the groups, the best, experts are chosen
 * @param groupScore what makes a group the better one
 */
public record RoutingSpec(
        int expertsPerToken,
        Score score,
        boolean normalize,
        double scale,
        int groups,
        int groupsChosen,
        GroupScore groupScore) {

    /**
     * Checks the numbers.
     *
     * @param expertsPerToken how many are chosen, k
     * @param score what the router's logits become
     * @param normalize whether the weights of the chosen are divided by their sum
     * @param scale factor of the weights
     * @param groups how many groups of equal size the experts are in; 1 for none
     * @param groupsChosen from how many of the groups, the best, experts are chosen
     * @param groupScore what makes a group the better one
     * @throws IllegalArgumentException if a number is out of range
     */
    public RoutingSpec {
        Checks.positive("expertsPerToken", expertsPerToken);
        Checks.positive("scale", scale);
        Checks.positive("groups", groups);
        Checks.positive("groupsChosen", groupsChosen);
        if (groupsChosen > groups) {
            throw new IllegalArgumentException(
                    "groupsChosen (" + groupsChosen + ") must not exceed groups (" + groups + ")");
        }
    }

    /**
     * Checks that so many experts can be chosen among.
     *
     * @param experts how many there are
     * @throws IllegalArgumentException if the groups do not divide them, or leave fewer than are to
     *     be chosen
     */
    public void requireExperts(int experts) {
        Checks.positive("experts", experts);
        if (experts % groups != 0) {
            throw new IllegalArgumentException(
                    "experts (" + experts + ") must be a multiple of groups (" + groups + ")");
        }
        int size = experts / groups;
        if (expertsPerToken > size * groupsChosen) {
            throw new IllegalArgumentException(
                    "expertsPerToken ("
                            + expertsPerToken
                            + ") must not exceed the experts to choose from ("
                            + size * groupsChosen
                            + ")");
        }
        if (groups > 1 && groupScore == GroupScore.TOP_TWO && size < 2) {
            throw new IllegalArgumentException(
                    "groups of " + size + " expert have no two best: use GroupScore.MAX");
        }
    }

    /** What the router's logits become. */
    public enum Score {
        /** Softmax over all experts: Mixtral, Qwen, DeepSeek-V2. */
        SOFTMAX,
        /** The sigmoid of each: DeepSeek-V3. */
        SIGMOID,
        /** Experts are chosen by their logits; softmax over the chosen: gpt-oss. */
        SOFTMAX_OF_CHOSEN
    }

    /** What a group of experts is worth. */
    public enum GroupScore {
        /** Its best expert: DeepSeek-V2. */
        MAX,
        /** The sum of its two best experts: DeepSeek-V3. */
        TOP_TWO
    }
}
