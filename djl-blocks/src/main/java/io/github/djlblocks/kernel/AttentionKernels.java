package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * Heads, masks, attention and what a key/value cache does with time. Shapes and errors as in {@link
 * Kernels}.
 */
public interface AttentionKernels {

    /**
     * Splits channels into heads.
     *
     * @param x (B, S, H * D)
     * @param heads H
     * @return (B, H, S, D)
     */
    NDArray splitHeads(NDArray x, int heads);

    /**
     * Joins heads into channels: the inverse of {@link #splitHeads}.
     *
     * @param x (B, H, S, D)
     * @return (B, S, H * D)
     */
    NDArray mergeHeads(NDArray x);

    /**
     * Turns a Hugging Face attention mask into one {@link #attention} takes.
     *
     * @param attentionMask 1 (or true) where a token stands, 0 where padding stands, (B, T)
     * @return true where attention may look, BOOLEAN, (B, 1, 1, T)
     */
    NDArray paddingMask(NDArray attentionMask);

    /**
     * Scaled dot-product attention with the semantics of the ONNX {@code Attention} operator:
     * scores {@code q k^T * scale}, then mask, then softmax over T, then the weighted sum of
     * values. Query head {@code h} reads key/value head {@code h / (H / K)}; with {@code causal},
     * query {@code i} sees keys {@code j <= i + T - S}; a query that may see no key gives 0.
     *
     * @param q (B, H, S, D)
     * @param k (B, K, T, D)
     * @param v (B, K, T, Dv)
     * @param mask BOOLEAN (true: look) or floating (added to the scores; from -5e29 down, minus
     *     infinity included, it blocks), broadcastable to (B, H, S, T); or none
     * @param spec scale and causality
     * @return (B, H, S, Dv)
     */
    NDArray attention(NDArray q, NDArray k, NDArray v, @Nullable NDArray mask, AttentionSpec spec);

    /**
     * Appends along the time axis.
     *
     * @param past (B, K, T, D)
     * @param next (B, K, S, D)
     * @return (B, K, T + S, D)
     */
    NDArray appendTime(NDArray past, NDArray next);

    /**
     * Keeps the first steps of the time axis.
     *
     * @param x (B, K, T, D)
     * @param length how many to keep, 1 to T
     * @return (B, K, length, D)
     */
    NDArray truncateTime(NDArray x, long length);
}
