package io.github.djlblocks.goldens;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.parity.Tolerance;

/**
 * How close to a reference a result must be.
 *
 * <p>A pass through a model is a chain of sums, whose lengths are added. The largest errors of an
 * output seen are two fifths of what is allowed, 6e-6 of the logits in float32 and 9e-15 in
 * float64. The logits of {@code hf/llama} must lie within 2.3e-5 in float32, so that an epsilon of
 * 1e-6 instead of 1e-5, which moves them by 1.6e-4, is seen.
 */
final class GoldenTolerance {

    private GoldenTolerance() {}

    /** The terms summed on the way from an embedding to the logits. */
    static long terms(DecoderConfig config, long tokens) {
        return config.layers() * termsOfLayer(config, tokens) + 2L * config.hiddenSize();
    }

    /** Norm, projection, scores, softmax, values, output; norm, gate or up, down. */
    static long termsOfLayer(DecoderConfig config, long tokens) {
        return config.hiddenSize()
                + termsOfAttention(config, tokens)
                + 2L * config.hiddenSize()
                + config.feedForwardSize();
    }

    static long termsOfAttention(DecoderConfig config, long tokens) {
        return config.hiddenSize()
                + config.headDim()
                + 2 * tokens
                + (long) config.queryHeads() * config.headDim();
    }

    /** Against a float64 run of the reference. */
    static Tolerance of(DataType dataType, long terms) {
        return Tolerance.of(dataType, terms, 1);
    }

    /** Against a float32 run of the reference, which is as far off as ours. */
    static Tolerance ofFloat32Run(DataType dataType, long terms) {
        return Tolerance.of(DataType.FLOAT32, terms, 2).deliveredAs(dataType);
    }

    /**
     * Against a gradient computed in float64 and stored in float32.
     *
     * <p>In float64 what is left is the rounding of the stored number, half a float32 epsilon. In
     * float32 the backward pass takes about twice the sums of the forward pass, after it.
     */
    static Tolerance ofGradient(DataType dataType, long terms) {
        return dataType == DataType.FLOAT64
                ? Tolerance.of(DataType.FLOAT32, 1, 0.51).deliveredAs(DataType.FLOAT64)
                : Tolerance.of(dataType, 3 * terms, 1);
    }
}
