package io.github.djlblocks.layer;

/**
 * An encoder layer: self-attention, then feed-forward, each in the residual scheme it was wrapped
 * in.
 *
 * <p>x (B, S, E) to y (B, S, E); the weights of the attention (B, H, S, S) follow if asked for.
 * Mask and positions come to the attention in an {@link
 * io.github.djlblocks.attention.AttentionContext}.
 *
 * <p>With {@link Residual#post} and layer norm this is Hugging Face {@code BertLayer} (arXiv
 * 1810.04805), with {@link Residual#pre} and RMSNorm {@code T5Block} (arXiv 1910.10683), with
 * {@link DeepNorm} torchscale's {@code EncoderLayer} (arXiv 2203.00555).
 */
public final class EncoderLayer extends SelfAttentionLayer {

    private EncoderLayer(Residual attention, Residual feedForward) {
        super(attention, feedForward);
    }

    /**
     * Puts a layer together.
     *
     * @param attention self-attention, not causal, in its residual scheme
     * @param feedForward feed-forward block in its residual scheme
     * @return the block
     */
    public static EncoderLayer of(Residual attention, Residual feedForward) {
        return new EncoderLayer(attention, feedForward);
    }
}
