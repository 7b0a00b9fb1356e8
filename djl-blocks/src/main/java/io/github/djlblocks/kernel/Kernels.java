package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.jspecify.annotations.Nullable;

/**
 * The numeric primitives of the library: arrays in, arrays out, no parameters, no state.
 *
 * <p>Every block computes through this interface and through nothing else, so a block is written
 * once and runs on whatever stands behind it. {@link #of(NDArray)} chooses by the array: an array
 * that is a {@link KernelSource} brings its own primitives, any other gets the portable ones, which
 * are compositions of DJL operations that every engine has and can differentiate.
 *
 * <p>Shapes: {@code B} batch, {@code S} query length, {@code T} key length, {@code H} query heads,
 * {@code K} key/value heads, {@code D} channels of a head, {@code E} channels of the model. An
 * output has the data type of its first floating input; FLOAT16 is widened to FLOAT32 where sums,
 * exponentials or squares are taken, and cast back. Sizes that a block can check against its
 * configuration are checked there; what depends on several arrays is checked here. Violations are
 * {@link IllegalArgumentException}s that name both values.
 */
public interface Kernels {

    /**
     * Returns the primitives for an array.
     *
     * @param array the first operand
     * @return its own primitives if it brings some, else the portable ones
     */
    static Kernels of(NDArray array) {
        return array instanceof KernelSource source ? source.kernels() : PortableKernels.INSTANCE;
    }

    /**
     * Adds: {@code y = alpha * x + r}.
     *
     * @param x an array
     * @param alpha its factor; 1 costs nothing
     * @param r an array of the same shape
     * @return the sum, of the same shape
     */
    NDArray add(NDArray x, double alpha, NDArray r);

    /**
     * Applies a linear map to the last axis: {@code y = x W^T + b}.
     *
     * @param x (..., in)
     * @param weight (out, in)
     * @param bias (out), or none
     * @return (..., out)
     */
    NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias);

    /**
     * Looks up rows of a table. An index outside the table is an error on every engine, also where
     * the engine itself would clip it.
     *
     * @param ids integers, (B, S)
     * @param table (V, E)
     * @return (B, S, E)
     */
    NDArray embedding(NDArray ids, NDArray table);

    /**
     * Root-mean-square normalisation over the last axis.
     *
     * @param x (..., E)
     * @param weight (E), or none
     * @param spec epsilon, its place, and the order of casts
     * @return (..., E)
     */
    NDArray rmsNorm(NDArray x, @Nullable NDArray weight, RmsNormSpec spec);

    /**
     * Layer normalisation over the last axis: {@code (x - mean) / sqrt(var + epsilon) * w + b}, the
     * variance divided by E.
     *
     * @param x (..., E)
     * @param weight (E), or none
     * @param bias (E), or none
     * @param epsilon added to the variance
     * @return (..., E)
     */
    NDArray layerNorm(NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, double epsilon);

    /**
     * Dynamic tanh: {@code tanh(alpha * x) * w + b}.
     *
     * @param x (..., E)
     * @param alpha (1)
     * @param weight (E), or none
     * @param bias (E), or none
     * @return (..., E)
     */
    NDArray dynamicTanh(NDArray x, NDArray alpha, @Nullable NDArray weight, @Nullable NDArray bias);

    /**
     * Applies an activation function elementwise.
     *
     * @param x any shape
     * @param function the function
     * @return the same shape
     */
    NDArray activation(NDArray x, ActivationFunction function);

    /**
     * Gates: {@code function(gate) * up}.
     *
     * @param gate any shape
     * @param up the same shape
     * @param function the gate's activation
     * @return the same shape
     */
    NDArray gatedActivation(NDArray gate, NDArray up, ActivationFunction function);

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
     * Counts positions on from a length that has passed.
     *
     * @param x an array
     * @param axis the axis of it that is the length S
     * @param past the first position
     * @return integers {@code past .. past + S - 1}, (1, S)
     */
    NDArray positions(NDArray x, int axis, long past);

    /**
     * Computes the cosines and sines by which {@link #rotate} turns.
     *
     * @param positions integers, (B, S) or (1, S)
     * @param spec frequencies, layout and factor
     * @param dataType the type of the table
     * @return the table for these positions
     */
    RotaryTable rotaryTable(NDArray positions, RotarySpec spec, DataType dataType);

    /**
     * Turns pairs of channels by the angles of a table; channels beyond the table pass through.
     *
     * @param x (B, H, S, D)
     * @param table for the same batch (or 1) and length
     * @return (B, H, S, D)
     */
    NDArray rotate(NDArray x, RotaryTable table);

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

    /**
     * Takes the last position of a sequence.
     *
     * @param x (B, S, E)
     * @return (B, 1, E)
     */
    NDArray lastPosition(NDArray x);

    /**
     * Finds the index of the largest value of the last axis; of equal ones, the first.
     *
     * @param x (B, S, V)
     * @return INT64, (B, S)
     */
    NDArray argMax(NDArray x);

    /**
     * Tells whether every value is a finite number. This reads a result back to the host.
     *
     * @param x any shape, floating
     * @return false if there is an infinity or a NaN
     */
    boolean isFinite(NDArray x);
}
