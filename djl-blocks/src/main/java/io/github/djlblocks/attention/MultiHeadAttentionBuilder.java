package io.github.djlblocks.attention;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/** Builds a {@link MultiHeadAttention}. */
public final class MultiHeadAttentionBuilder {

    private @Nullable Linear query;
    private @Nullable Linear key;
    private @Nullable Linear value;
    private @Nullable Linear fused;
    private FusedHeadLayout layout = FusedHeadLayout.QUERY_KEY_VALUE;
    private @Nullable Linear output;
    private int queryHeads;
    private @Nullable Integer keyValueHeads;
    private @Nullable Double scale;
    private double softcap;
    private boolean causal;
    private boolean cross;
    private long left = -1;
    private long right = -1;
    private double dropout;
    private boolean sinks;
    private @Nullable RotaryEmbedding rotary;
    private @Nullable Block queryNorm;
    private @Nullable Block keyNorm;
    private boolean normsWhole;

    MultiHeadAttentionBuilder() {}

    /**
     * Sets the projections, with or without bias.
     *
     * @param query E to H * D
     * @param key E to K * D; of cross-attention M to K * D
     * @param value E to K * Dv; of cross-attention M to K * Dv
     * @param output H * Dv to E'
     * @return this builder
     */
    public MultiHeadAttentionBuilder setProjections(
            Linear query, Linear key, Linear value, Linear output) {
        this.query = query;
        this.key = key;
        this.value = value;
        this.fused = null;
        this.output = output;
        return this;
    }

    /**
     * Sets one projection for queries, keys and values, in the place of three.
     *
     * @param queryKeyValue E to (H + 2 K) * D
     * @param layout in which order it gives the heads
     * @param output H * D to E'
     * @return this builder
     */
    public MultiHeadAttentionBuilder setFusedProjection(
            Linear queryKeyValue, FusedHeadLayout layout, Linear output) {
        this.query = null;
        this.key = null;
        this.value = null;
        this.fused = queryKeyValue;
        this.layout = layout;
        this.output = output;
        return this;
    }

    /**
     * Sets the number of query heads.
     *
     * @param queryHeads H
     * @return this builder
     */
    public MultiHeadAttentionBuilder setQueryHeads(int queryHeads) {
        this.queryHeads = queryHeads;
        return this;
    }

    /**
     * Sets the number of key/value heads, H by default.
     *
     * @param keyValueHeads K, which divides H
     * @return this builder
     */
    public MultiHeadAttentionBuilder optKeyValueHeads(int keyValueHeads) {
        this.keyValueHeads = keyValueHeads;
        return this;
    }

    /**
     * Sets the factor of the scores, {@code 1 / sqrt(D)} by default.
     *
     * @param scale above 0
     * @return this builder
     */
    public MultiHeadAttentionBuilder optScale(double scale) {
        this.scale = scale;
        return this;
    }

    /**
     * Bounds the scaled scores softly, {@code c tanh(score / c)}, before mask and bias.
     *
     * @param softcap c; 0, the default, for none
     * @return this builder
     */
    public MultiHeadAttentionBuilder optSoftcap(double softcap) {
        this.softcap = softcap;
        return this;
    }

    /**
     * Keeps queries from later keys.
     *
     * @param causal false by default
     * @return this builder
     */
    public MultiHeadAttentionBuilder optCausal(boolean causal) {
        this.causal = causal;
        return this;
    }

    /**
     * Reads keys and values from a memory, the second input.
     *
     * @param cross false by default
     * @return this builder
     */
    public MultiHeadAttentionBuilder optCross(boolean cross) {
        this.cross = cross;
        return this;
    }

    /**
     * Lets a query see the keys near it only; both bounds are inclusive. Hugging Face's {@code
     * sliding_window} W counts the query itself: it is a left of W - 1.
     *
     * @param left how many keys before the query, or -1, the default, for all
     * @param right how many keys after the query, or -1, the default, for all
     * @return this builder
     */
    public MultiHeadAttentionBuilder optWindow(long left, long right) {
        this.left = left;
        this.right = right;
        return this;
    }

    /**
     * Drops weights in training.
     *
     * @param dropout the probability, 0 by default
     * @return this builder
     */
    public MultiHeadAttentionBuilder optDropout(double dropout) {
        this.dropout = dropout;
        return this;
    }

    /**
     * Has a learned score a head, {@code sinks} (H), zeros at first, that takes part in the softmax
     * and has no value, as in Hugging Face {@code GptOssAttention}.
     *
     * @param sinks false by default
     * @return this builder
     */
    public MultiHeadAttentionBuilder optSinks(boolean sinks) {
        this.sinks = sinks;
        return this;
    }

    /**
     * Turns queries and keys by their positions.
     *
     * @param rotary the embedding, for heads of D channels
     * @return this builder
     */
    public MultiHeadAttentionBuilder optRotary(RotaryEmbedding rotary) {
        this.rotary = rotary;
        return this;
    }

    /**
     * Normalises each head of queries and keys before they are turned, as in Qwen3 and Gemma 3.
     *
     * @param queryNorm a norm of the last axis, of D channels
     * @param keyNorm a norm of the last axis, of D channels
     * @return this builder
     */
    public MultiHeadAttentionBuilder optHeadNorms(Block queryNorm, Block keyNorm) {
        this.queryNorm = queryNorm;
        this.keyNorm = keyNorm;
        this.normsWhole = false;
        return this;
    }

    /**
     * Normalises what the projections of queries and keys give, all heads as one, before they are
     * split, as in OLMo 2.
     *
     * @param queryNorm a norm of the last axis, of H * D channels
     * @param keyNorm a norm of the last axis, of K * D channels
     * @return this builder
     */
    public MultiHeadAttentionBuilder optProjectionNorms(Block queryNorm, Block keyNorm) {
        this.queryNorm = queryNorm;
        this.keyNorm = keyNorm;
        this.normsWhole = true;
        return this;
    }

    /**
     * Builds the block.
     *
     * @return the block
     * @throws IllegalArgumentException if something is missing or sizes do not fit together
     */
    public MultiHeadAttention build() {
        return new MultiHeadAttention(this);
    }

    Projections projections() {
        int groups = keyValueHeads == null ? queryHeads : keyValueHeads;
        Projections projections =
                fused == null
                        ? Projections.separate(
                                required("query", query),
                                required("key", key),
                                required("value", value),
                                queryHeads,
                                groups)
                        : Projections.fused(fused, layout, queryHeads, groups);
        projections.check(output(), cross);
        if (fused != null && normsWhole) {
            throw new IllegalArgumentException(
                    "optProjectionNorms needs projections of their own for queries and keys: call"
                            + " setProjections, or norm each head with optHeadNorms");
        }
        if (rotary != null) {
            requireRotary(rotary, projections.headDim());
        }
        return projections;
    }

    private void requireRotary(RotaryEmbedding embedding, int headDim) {
        if (cross) {
            throw new IllegalArgumentException(
                    "cross-attention has no rotary embedding: queries and memory have no positions"
                            + " in common");
        }
        if (embedding.getHeadDim() != headDim) {
            throw new IllegalArgumentException(
                    "rotary embedding for headDim ("
                            + embedding.getHeadDim()
                            + ") does not fit heads of "
                            + headDim
                            + " channels");
        }
    }

    AttentionSpec spec() {
        if (cross && (causal || left >= 0 || right >= 0)) {
            throw new IllegalArgumentException(
                    "cross-attention is neither causal nor windowed: queries and memory have no"
                            + " positions in common");
        }
        double factor = scale == null ? 1 / Math.sqrt(projections().headDim()) : scale;
        AttentionSpec spec = AttentionSpec.of(factor).withSoftcap(softcap).withCausal(causal);
        // checked here, used in training only
        return spec.withWindow(left, right).withDropout(dropout).withDropout(0);
    }

    Linear output() {
        return required("output", output);
    }

    boolean isCross() {
        return cross;
    }

    double dropout() {
        return dropout;
    }

    boolean hasSinks() {
        return sinks;
    }

    @Nullable RotaryEmbedding rotary() {
        return rotary;
    }

    @Nullable Block queryNorm() {
        return queryNorm;
    }

    @Nullable Block keyNorm() {
        return keyNorm;
    }

    boolean normsWhole() {
        return normsWhole;
    }

    private static Linear required(String name, @Nullable Linear projection) {
        if (projection == null) {
            throw new IllegalArgumentException(
                    "the " + name + " projection is missing: call setProjections");
        }
        return projection;
    }
}
