package io.github.djlblocks.parity.oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole LLaMA-like decoder (arXiv 2302.13971): pre-norm RMSNorm, half-split RoPE, grouped-query
 * attention and a gated feed-forward network.
 *
 * <p>Parameters are named as by Hugging Face: {@code model.embed_tokens.weight}, {@code
 * model.layers.0.self_attn.q_proj.weight} (and k, v, o), {@code
 * model.layers.0.mlp.gate_proj.weight} (and up, down), {@code
 * model.layers.0.input_layernorm.weight}, {@code model.layers.0.post_attention_layernorm.weight},
 * {@code model.norm.weight}. Any projection may have a {@code .bias}. Without {@code
 * lm_head.weight} the head is the embedding table.
 */
public final class OracleDecoder {

    private final Sizes sizes;
    private final OracleParameters parameters;
    private final double[] frequencies;

    /**
     * The sizes and constants of a decoder.
     *
     * @param layers number of layers
     * @param queryHeads number of query heads
     * @param keyValueHeads number of key/value heads; it divides the query heads
     * @param headDim channels of a head; even
     * @param normEpsilon epsilon of every RMSNorm, inside the root
     * @param ropeTheta base of the rotary frequencies
     * @param ropeScaling Llama 3.1's scaling of the frequencies, or none
     * @param activation the feed-forward network's; SiLU in LLaMA
     */
    public record Sizes(
            int layers,
            int queryHeads,
            int keyValueHeads,
            int headDim,
            double normEpsilon,
            double ropeTheta,
            OracleRotaryFrequencies.@Nullable Llama3Scaling ropeScaling,
            OracleActivation activation) {}

    /**
     * What a decoder computes.
     *
     * @param logits (B, S, V)
     * @param hiddenStates layers + 1 arrays (B, S, width): the embeddings, then the output of each
     *     layer, where the last is taken after the final norm
     */
    public record Output(Var logits, List<Var> hiddenStates) {}

    /**
     * Makes a decoder.
     *
     * @param sizes the sizes and constants
     * @param parameters the parameters by name
     * @throws IllegalArgumentException if a parameter is missing or unknown
     */
    public OracleDecoder(Sizes sizes, Map<String, Var> parameters) {
        this.sizes = sizes;
        this.parameters = new OracleParameters(parameters, sizes.layers());
        double[] standard = OracleRotaryFrequencies.standard(sizes.ropeTheta(), sizes.headDim());
        this.frequencies =
                sizes.ropeScaling() == null
                        ? standard
                        : OracleRotaryFrequencies.llama3(standard, sizes.ropeScaling());
    }

    /**
     * Runs the decoder on tokens at the positions 0 to S - 1, without padding.
     *
     * @param tokens B rows of S token numbers
     * @return logits and hidden states
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public Output forward(int[][] tokens) {
        return forward(tokens, null, null);
    }

    /**
     * Runs the decoder on tokens.
     *
     * @param tokens B rows of S token numbers
     * @param keep B rows of S, false on padding, which no query then sees; or none
     * @param positions B rows of S, or none for 0 to S - 1
     * @return logits and hidden states
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public Output forward(
            int[][] tokens, boolean @Nullable [][] keep, double @Nullable [][] positions) {
        int[] ids = DecoderInputs.flatten(tokens);
        int[] shape = {tokens.length, tokens[0].length};
        return forward(OracleLinear.embedding(ids, shape, parameters.table()), keep, positions);
    }

    /**
     * Runs the decoder on embeddings.
     *
     * @param embeddings (B, S, width)
     * @param keep B rows of S, false on padding, which no query then sees; or none
     * @param positions B rows of S, or none for 0 to S - 1
     * @return logits and hidden states
     * @throws IllegalArgumentException if the sizes do not fit
     */
    public Output forward(
            Var embeddings, boolean @Nullable [][] keep, double @Nullable [][] positions) {
        Shapes.requireRank(embeddings, "embeddings", 3, "(B, S, width)");
        int b = embeddings.dims()[0];
        int s = embeddings.dims()[1];
        OracleAttentionOptions options = OracleAttentionOptions.DEFAULT.withCausal();
        if (keep != null) {
            options = options.withKeep(DecoderInputs.flatten(keep, b, s), b, 1, 1, s);
        }
        double[][] at = positions == null ? new double[][] {DecoderInputs.counting(s)} : positions;
        List<Var> hidden = new ArrayList<>();
        Var x = embeddings;
        for (int layer = 0; layer < sizes.layers(); layer++) {
            hidden.add(x);
            x = layer("model.layers." + layer + ".", x, options, at);
        }
        x = parameters.norm("model.norm", x, sizes.normEpsilon());
        hidden.add(x);
        Var logits = OracleLinear.linear(x, parameters.head(), null);
        return new Output(logits, List.copyOf(hidden));
    }

    private Var layer(
            String prefix, Var input, OracleAttentionOptions options, double[][] positions) {
        Var x =
                OracleResiduals.preNorm(
                        input,
                        y -> parameters.norm(prefix + "input_layernorm", y, sizes.normEpsilon()),
                        y -> attention(prefix + "self_attn.", y, options, positions));
        return OracleResiduals.preNorm(
                x,
                y -> parameters.norm(prefix + "post_attention_layernorm", y, sizes.normEpsilon()),
                y -> feedForward(prefix + "mlp.", y));
    }

    private Var attention(
            String prefix, Var x, OracleAttentionOptions options, double[][] positions) {
        Var query = heads(prefix + "q_proj", x, sizes.queryHeads());
        Var key = heads(prefix + "k_proj", x, sizes.keyValueHeads());
        Var value = heads(prefix + "v_proj", x, sizes.keyValueHeads());
        Var attended =
                OracleAttention.attention(
                        rotary(query, positions), rotary(key, positions), value, options);
        return parameters.linear(prefix + "o_proj", OracleHeads.mergeHeads(attended));
    }

    private Var heads(String projection, Var x, int heads) {
        Var projected = parameters.linear(projection, x);
        Shapes.require(
                Shapes.last(projected, projection) == heads * sizes.headDim(),
                "%s gives %d channels, but %d heads of headDim (%d) have %d",
                projection,
                Shapes.last(projected, projection),
                heads,
                sizes.headDim(),
                heads * sizes.headDim());
        return OracleHeads.splitHeads(projected, heads);
    }

    private Var rotary(Var x, double[][] positions) {
        return OracleRotary.rotary(x, positions, frequencies, OracleRotary.Layout.HALF_SPLIT, 1);
    }

    private Var feedForward(String prefix, Var x) {
        return OracleLinear.gatedFeedForward(
                x,
                parameters.required(prefix + "gate_proj.weight"),
                parameters.required(prefix + "up_proj.weight"),
                parameters.required(prefix + "down_proj.weight"),
                parameters.optional(prefix + "gate_proj.bias"),
                parameters.optional(prefix + "up_proj.bias"),
                parameters.optional(prefix + "down_proj.bias"),
                sizes.activation());
    }
}
