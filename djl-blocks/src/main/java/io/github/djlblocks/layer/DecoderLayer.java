package io.github.djlblocks.layer;

/**
 * A decoder layer: self-attention, then feed-forward, each in the residual scheme it was wrapped
 * in.
 *
 * <p>x (B, S, E) to y (B, S, E). Mask, positions and cache come to the attention in an {@link
 * io.github.djlblocks.attention.AttentionContext}; asked by it, the attention's weights follow y.
 *
 * <p>With {@link Residual#pre} and RMSNorm this is Hugging Face {@code LlamaDecoderLayer}; with
 * {@link DeepNorm}, torchscale's {@code DecoderLayer} (arXiv 2203.00555).
 */
public final class DecoderLayer extends SelfAttentionLayer {

    private DecoderLayer(Residual attention, Residual feedForward) {
        super(attention, feedForward);
    }

    /**
     * Puts a layer together.
     *
     * @param attention causal self-attention in its residual scheme
     * @param feedForward feed-forward block in its residual scheme
     * @return the block
     */
    public static DecoderLayer of(Residual attention, Residual feedForward) {
        return new DecoderLayer(attention, feedForward);
    }
}
