package io.github.djlblocks.goldens;

import io.github.djlblocks.family.ModelDescription;

/** The terms summed in a decoder of the generation of GPT-2. */
final class FusedTerms {

    private FusedTerms() {}

    /**
     * Of each layer two norms, projection, output and up; scores of at most all channels; softmax,
     * values; down. Then the last norm, and the head.
     */
    static long of(ModelDescription model, long tokens, long inner) {
        long e = model.hiddenSize();
        long layer = 4 * e + e / 4 + 2 * tokens + e + inner;
        return model.layers() * layer + 2 * e;
    }
}
