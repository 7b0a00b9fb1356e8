package io.github.djlblocks.parity.oracle;

/**
 * The ways in which reference implementations of LayerNorm differ.
 *
 * @param outsideRoot whether the divisor is {@code std + epsilon} instead of {@code sqrt(variance +
 *     epsilon)} (the Annotated Transformer)
 * @param unbiased whether the variance is divided by {@code n - 1} instead of n ({@code torch.std})
 * @param unitOffset whether the factor is {@code 1 + weight} (Nemotron)
 */
public record OracleLayerNormOptions(boolean outsideRoot, boolean unbiased, boolean unitOffset) {

    /** The paper and {@code torch.nn.LayerNorm}. */
    public static final OracleLayerNormOptions DEFAULT =
            new OracleLayerNormOptions(false, false, false);
}
