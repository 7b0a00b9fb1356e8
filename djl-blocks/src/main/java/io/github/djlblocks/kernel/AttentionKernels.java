package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;

/** Heads, masks and attention. Shapes and errors as in {@link Kernels}. */
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
     * Splits what a fused projection gives into the heads of queries, keys and values.
     *
     * @param x (B, S, (H + 2 K) * D)
     * @param queryHeads H
     * @param keyValueHeads K, which divides H
     * @param layout in which order the heads lie
     * @return queries (B, H, S, D), keys and values (B, K, S, D)
     */
    NDList splitFusedHeads(NDArray x, int queryHeads, int keyValueHeads, FusedHeadLayout layout);

    /**
     * Cuts the last axis into parts.
     *
     * @param x (..., the sum of the sizes)
     * @param sizes the size of each part
     * @return (..., size) for each
     */
    NDList splitChannels(NDArray x, long... sizes);

    /**
     * Joins two arrays along the last axis.
     *
     * @param a (..., Da)
     * @param b (..., Db); an axis of 1 before the last is repeated to that of a
     * @return (..., Da + Db)
     */
    NDArray joinChannels(NDArray a, NDArray b);

    /**
     * Applies a linear map of its own to each head: {@code y_h = x_h W_h}.
     *
     * @param x (B, H, S, D) or (B, 1, S, D)
     * @param weight (H, D, R)
     * @return (B, H, S, R)
     */
    NDArray headLinear(NDArray x, NDArray weight);

    /**
     * Reads a matrix as one matrix a head and cuts its rows in two.
     *
     * @param weight (H * (first + second), R)
     * @param heads H
     * @param first rows of a head in the first part
     * @param second rows of a head in the second part
     * @return (H, first, R) and (H, second, R)
     */
    NDList splitHeadRows(NDArray weight, int heads, int first, int second);

    /**
     * Swaps the last two axes.
     *
     * @param x (..., M, N)
     * @return (..., N, M)
     */
    NDArray transposeLast(NDArray x);

    /**
     * Turns a Hugging Face attention mask into one {@link #attention} takes.
     *
     * @param attentionMask 1 (or true) where a token stands, 0 where padding stands, (B, T)
     * @return true where attention may look, BOOLEAN, (B, 1, 1, T)
     */
    NDArray paddingMask(NDArray attentionMask);

    /**
     * Turns lengths into a mask.
     *
     * @param lengths INT64 or INT32, (B)
     * @param keys T
     * @return true where the key's index is below the length of its row, BOOLEAN, (B, 1, 1, T)
     */
    NDArray lengthMask(NDArray lengths, long keys);

    /**
     * Lets a row see the keys it has, where rows have different lengths.
     *
     * @param x the input of the pass, (B, S, E)
     * @param past how many tokens each row had before it
     * @param keys (B, K, T, D)
     * @return true where the key's index is below past + S of its row, BOOLEAN, (B, 1, 1, T)
     */
    NDArray pastMask(NDArray x, Past past, NDArray keys);

    /**
     * Tells where each row's first query stands among its keys.
     *
     * @param x the input of the pass, (B, S, E)
     * @param past how many tokens each row had before it
     * @return INT64, (B)
     */
    NDArray offsets(NDArray x, Past past);

    /**
     * Cuts a mask or bias over all tokens to those that are still held: the first few and the last.
     * One of another width is returned as it is.
     *
     * @param mask (..., P), or of another width than the P tokens that have passed
     * @param keys those held, (B, K, T, D)
     * @param passed how many tokens there were before the pass
     * @param x the input of the pass, (B, S, E); P = passed + S
     * @param prefix how many of the first ones are held
     * @return (..., T), the first {@code prefix} and the last {@code T - prefix}
     */
    NDArray heldColumns(NDArray mask, NDArray keys, Past passed, NDArray x, int prefix);

    /**
     * Lets a query see the keys of its own segment: the mask of packed sequences.
     *
     * @param queries the segment of each query, INT64 or INT32, (B, S) or (1, S)
     * @param keys the segment of each key, (B, T) or (1, T)
     * @return true where the two are the same, BOOLEAN, (B | 1, 1, S, T)
     */
    NDArray segmentMask(NDArray queries, NDArray keys);

    /**
     * Lets through what two masks let through.
     *
     * @param a BOOLEAN
     * @param b BOOLEAN, of a shape that broadcasts with it
     * @return true where both are
     */
    NDArray bothMasks(NDArray a, NDArray b);

    /**
     * Scaled dot-product attention with the semantics of the ONNX {@code Attention} operator:
     * scores {@code q k^T * scale}, softcap, mask and bias, softmax over T, the weighted sum of
     * values. Query head {@code h} reads key/value head {@code h / (H / K)}. A query that may see
     * no key gives 0.
     *
     * @param inputs queries, keys, values, masks
     * @param spec scale, softcap, causality, window, dropout
     * @return the values (B, H, S, Dv), and the scores if asked for
     */
    AttentionOutput attention(AttentionInputs inputs, AttentionSpec spec);
}
