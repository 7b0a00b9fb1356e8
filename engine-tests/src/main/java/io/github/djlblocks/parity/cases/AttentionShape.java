package io.github.djlblocks.parity.cases;

import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Sizes and options of attention: the block of them, and the formula of them. */
record AttentionShape(
        int width,
        int queryHeads,
        int keyValueHeads,
        int headDim,
        boolean bias,
        boolean causal,
        @Nullable Double scale,
        @Nullable RotaryLayout rotary) {

    private static final double THETA = 10000;

    static AttentionShape of(int width, int queryHeads, int keyValueHeads, int headDim) {
        return new AttentionShape(
                width, queryHeads, keyValueHeads, headDim, false, false, null, null);
    }

    AttentionShape withBias() {
        return new AttentionShape(
                width, queryHeads, keyValueHeads, headDim, true, causal, scale, rotary);
    }

    AttentionShape withCausal() {
        return new AttentionShape(
                width, queryHeads, keyValueHeads, headDim, bias, true, scale, rotary);
    }

    AttentionShape withScale(double newScale) {
        return new AttentionShape(
                width, queryHeads, keyValueHeads, headDim, bias, causal, newScale, rotary);
    }

    AttentionShape withRotary(RotaryLayout layout) {
        return new AttentionShape(
                width, queryHeads, keyValueHeads, headDim, bias, causal, scale, layout);
    }

    /** Terms summed for an output: projections in and out, scores, weights. */
    long terms(int keys) {
        return width + headDim + keys + (long) queryHeads * headDim + (bias ? 2 : 0);
    }

    MultiHeadAttention block() {
        int q = queryHeads * headDim;
        int kv = keyValueHeads * headDim;
        MultiHeadAttentionBuilder builder =
                MultiHeadAttention.builder()
                        .setProjections(
                                FeedForwardCases.linear(width, q, bias),
                                FeedForwardCases.linear(width, kv, bias),
                                FeedForwardCases.linear(width, kv, bias),
                                FeedForwardCases.linear(q, width, bias))
                        .setQueryHeads(queryHeads)
                        .optKeyValueHeads(keyValueHeads)
                        .optCausal(causal);
        if (scale != null) {
            builder.optScale(scale);
        }
        if (rotary != null) {
            builder.optRotary(rotaryBlock(rotary));
        }
        return builder.build();
    }

    RotaryEmbedding rotaryBlock(RotaryLayout layout) {
        return RotaryEmbedding.builder()
                .setHeadDim(headDim)
                .optTheta(THETA)
                .optLayout(layout)
                .build();
    }

    /** The formula, with {@code keep}, {@code bias} and {@code positions} among the arrays. */
    Var formula(Map<String, Var> arrays, Scope p, Var x) {
        Var q = OracleHeads.splitHeads(p.linear("query", x), queryHeads);
        Var k = OracleHeads.splitHeads(p.linear("key", x), keyValueHeads);
        Var v = OracleHeads.splitHeads(p.linear("value", x), keyValueHeads);
        if (rotary != null) {
            double[][] positions = RotaryCases.positions(arrays.get("positions"), x.shape()[1]);
            q = rotate(q, positions, rotary);
            k = rotate(k, positions, rotary);
        }
        Var y = OracleAttention.attention(q, k, v, options(arrays));
        return p.linear("output", OracleHeads.mergeHeads(y));
    }

    private OracleAttentionOptions options(Map<String, Var> arrays) {
        OracleAttentionOptions options = OracleAttentionOptions.DEFAULT;
        if (causal) {
            options = options.withCausal();
        }
        if (scale != null) {
            options = options.withScale(scale);
        }
        Var keep = arrays.get("keep");
        if (keep != null) {
            double[] values = keep.values();
            boolean[] truths = new boolean[values.length];
            for (int i = 0; i < truths.length; i++) {
                truths[i] = values[i] != 0;
            }
            int[] shape = keep.shape();
            // (B, T), a mask of padding, is read as (B, 1, 1, T)
            int[] four = shape.length == 2 ? new int[] {shape[0], 1, 1, shape[1]} : shape;
            options = options.withKeep(truths, four);
        }
        Var bias = arrays.get("bias");
        return bias == null ? options : options.withBias(bias);
    }

    private Var rotate(Var x, double[][] positions, RotaryLayout layout) {
        double[] frequencies = OracleRotaryFrequencies.standard(THETA, headDim);
        return OracleRotary.rotary(x, positions, frequencies, RotaryCases.oracle(layout), 1);
    }
}
