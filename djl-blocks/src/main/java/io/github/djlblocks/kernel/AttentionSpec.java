package io.github.djlblocks.kernel;

import io.github.djlblocks.internal.Checks;

/**
 * What {@link Kernels#attention} needs to know besides its arrays.
 *
 * @param scale factor of the scores, usually {@code 1 / sqrt(D)}
 * @param causal whether a query is kept from later keys
 */
public record AttentionSpec(double scale, boolean causal) {

    /**
     * Checks the scale.
     *
     * @param scale factor of the scores, usually {@code 1 / sqrt(D)}
     * @param causal whether a query is kept from later keys
     */
    public AttentionSpec {
        Checks.positive("scale", scale);
    }
}
