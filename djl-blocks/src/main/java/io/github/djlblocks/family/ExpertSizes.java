package io.github.djlblocks.family;

import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import java.util.ArrayList;
import java.util.List;

/**
 * The experts of a layer.
 *
 * @param count how many there are
 * @param perToken how many serve a token
 * @param width channels inside an expert
 * @param normalize whether the weights of those that serve a token sum to one
 */
record ExpertSizes(int count, int perToken, int width, boolean normalize) {

    /** Chosen by a softmax of all, as in Mixtral and Qwen. */
    MixtureOfExperts.Builder mixture(LlamaLike family) {
        List<GatedFeedForward> experts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            experts.add(family.feedForwardOf(width));
        }
        Router router =
                Router.builder()
                        .setHiddenSize(family.config().hiddenSize())
                        .setExperts(count)
                        .setExpertsPerToken(perToken)
                        .optNormalize(normalize)
                        .build();
        return MixtureOfExperts.builder().setRouter(router).setExperts(experts);
    }
}
