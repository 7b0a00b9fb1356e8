package io.github.djlblocks.attention;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/** Builds a {@link MultiHeadLatentAttention}. */
public final class MultiHeadLatentAttentionBuilder {

    private @Nullable Linear query;
    private @Nullable Linear queryDown;
    private @Nullable Block queryNorm;
    private @Nullable Linear queryUp;
    private @Nullable Linear latentDown;
    private @Nullable Block latentNorm;
    private @Nullable Linear latentUp;
    private @Nullable Linear output;
    private int heads;
    private @Nullable RotaryEmbedding rotary;
    private @Nullable Double scale;
    private boolean causal;
    private double dropout;
    private boolean latentCache;

    MultiHeadLatentAttentionBuilder() {}

    /**
     * Sets one projection for queries.
     *
     * @param query E to H * (Dn + Dr)
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setQuery(Linear query) {
        this.query = query;
        queryDown = null;
        queryNorm = null;
        queryUp = null;
        return this;
    }

    /**
     * Sets queries that come from a latent vector of their own.
     *
     * @param down E to R'
     * @param norm a norm of the last axis, of R' channels
     * @param up R' to H * (Dn + Dr)
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setLatentQuery(Linear down, Block norm, Linear up) {
        query = null;
        queryDown = down;
        queryNorm = norm;
        queryUp = up;
        return this;
    }

    /**
     * Sets where keys and values come from.
     *
     * @param down E to R + Dr, the rotated part last
     * @param norm a norm of the last axis, of R channels
     * @param up R to H * (Dn + Dv), keys before values in each head
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setLatent(Linear down, Block norm, Linear up) {
        latentDown = down;
        latentNorm = norm;
        latentUp = up;
        return this;
    }

    /**
     * Sets the output projection.
     *
     * @param output H * Dv to E'
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setOutput(Linear output) {
        this.output = output;
        return this;
    }

    /**
     * Sets the number of heads.
     *
     * @param heads H
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setHeads(int heads) {
        this.heads = heads;
        return this;
    }

    /**
     * Sets what turns the last Dr channels of queries and the shared part of keys.
     *
     * @param rotary the embedding, for heads of Dr channels
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder setRotary(RotaryEmbedding rotary) {
        this.rotary = rotary;
        return this;
    }

    /**
     * Sets the factor of the scores, {@code 1 / sqrt(Dn + Dr)} by default.
     *
     * @param scale above 0
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder optScale(double scale) {
        this.scale = scale;
        return this;
    }

    /**
     * Keeps queries from later keys.
     *
     * @param causal false by default
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder optCausal(boolean causal) {
        this.causal = causal;
        return this;
    }

    /**
     * Drops weights in training.
     *
     * @param dropout the probability, 0 by default
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder optDropout(double dropout) {
        this.dropout = dropout;
        return this;
    }

    /**
     * Keeps the latent vectors in the cache, in place of the keys and values of all heads.
     *
     * @param latentCache false by default; true needs a latentUp without bias
     * @return this builder
     */
    public MultiHeadLatentAttentionBuilder optLatentCache(boolean latentCache) {
        this.latentCache = latentCache;
        return this;
    }

    /**
     * Builds the block.
     *
     * @return the block
     * @throws IllegalArgumentException if something is missing or sizes do not fit together
     */
    public MultiHeadLatentAttention build() {
        return new MultiHeadLatentAttention(this);
    }

    LatentSizes sizes() {
        Linear first = query == null ? queryDown : query;
        Linear last = query == null ? queryUp : query;
        int inputs = required("query", "setQuery or setLatentQuery", first).getInputs();
        if (inputs != latentDown().getInputs()) {
            throw new IllegalArgumentException(
                    "the query projection takes "
                            + inputs
                            + " channels but latentDown "
                            + latentDown().getInputs()
                            + ": both have the same input");
        }
        if (queryDown != null && queryUp != null && queryDown.getOutputs() != queryUp.getInputs()) {
            throw new IllegalArgumentException(
                    "queryDown gives "
                            + queryDown.getOutputs()
                            + " channels but queryUp takes "
                            + queryUp.getInputs());
        }
        if (latentCache && latentUp().hasBias()) {
            throw new IllegalArgumentException(
                    "optLatentCache needs a latentUp without bias: it is applied to the queries,"
                            + " where a bias has no place");
        }
        return LatentSizes.of(
                heads,
                rotary().getHeadDim(),
                required("query", "setQuery or setLatentQuery", last),
                latentDown(),
                latentUp(),
                output());
    }

    AttentionSpec spec() {
        LatentSizes sizes = sizes();
        int channels = sizes.keyDim() + sizes.rotaryDim();
        double factor = scale == null ? 1 / Math.sqrt(channels) : scale;
        // checked here, used in training only
        return AttentionSpec.of(factor).withCausal(causal).withDropout(dropout).withDropout(0);
    }

    @Nullable Linear query() {
        return query;
    }

    @Nullable Linear queryDown() {
        return queryDown;
    }

    @Nullable Block queryNorm() {
        return queryNorm;
    }

    @Nullable Linear queryUp() {
        return queryUp;
    }

    Linear latentDown() {
        return required("latentDown", "setLatent", latentDown);
    }

    Block latentNorm() {
        return required("latentNorm", "setLatent", latentNorm);
    }

    Linear latentUp() {
        return required("latentUp", "setLatent", latentUp);
    }

    Linear output() {
        return required("output", "setOutput", output);
    }

    RotaryEmbedding rotary() {
        return required("rotary embedding", "setRotary", rotary);
    }

    double dropout() {
        return dropout;
    }

    boolean isLatentCache() {
        return latentCache;
    }

    private static <T> T required(String what, String method, @Nullable T part) {
        if (part == null) {
            throw new IllegalArgumentException("the " + what + " is missing: call " + method);
        }
        return part;
    }
}
