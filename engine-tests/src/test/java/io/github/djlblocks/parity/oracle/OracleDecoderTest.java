package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies.Llama3Scaling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class OracleDecoderTest {

    private static final Offset<Double> ROUNDING = within(1e-13);
    private static final double[] UNIT = {1, 0, 0, 1};
    private static final double[] ZERO = {0, 0, 0, 0};

    /** Two layers, width 6, four query heads over two key/value heads of 2 channels, 7 tokens. */
    private static final OracleDecoder.Sizes SIZES =
            new OracleDecoder.Sizes(2, 4, 2, 2, 1e-5, 10, null, OracleActivation.SILU);

    private static final OracleDecoder.Sizes TINY =
            new OracleDecoder.Sizes(1, 1, 1, 2, 12.5, 10000, null, OracleActivation.IDENTITY);

    private static final int[][] TOKENS = {{3, 0, 6, 2}, {5, 5, 1, 4}};

    private static Map<String, Var> parameters(boolean head, boolean biases) {
        Map<String, Var> parameters = new LinkedHashMap<>();
        parameters.put("model.embed_tokens.weight", Inputs.random(1, 7, 6));
        for (int layer = 0; layer < 2; layer++) {
            String prefix = "model.layers." + layer + ".";
            int[][] sizes = {{8, 6}, {4, 6}, {4, 6}, {6, 8}, {5, 6}, {5, 6}, {6, 5}};
            String[] names = {
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.o_proj",
                "mlp.gate_proj",
                "mlp.up_proj",
                "mlp.down_proj"
            };
            for (int i = 0; i < names.length; i++) {
                long seed = 100L * (layer + 1) + i;
                parameters.put(
                        prefix + names[i] + ".weight",
                        OracleMath.scale(Inputs.random(seed, sizes[i]), 0.3));
                if (biases) {
                    parameters.put(
                            prefix + names[i] + ".bias", Inputs.random(seed + 50, sizes[i][0]));
                }
            }
            parameters.put(prefix + "input_layernorm.weight", Inputs.random(10 + layer, 6));
            parameters.put(
                    prefix + "post_attention_layernorm.weight", Inputs.random(20 + layer, 6));
        }
        parameters.put("model.norm.weight", Inputs.random(2, 6));
        if (head) {
            parameters.put("lm_head.weight", Inputs.random(3, 7, 6));
        }
        return parameters;
    }

    /** One layer of width 2 and one head, all of it named; the test replaces what it is about. */
    private static Map<String, Var> tiny(double[] output, double[] down) {
        Map<String, Var> parameters = new HashMap<>();
        String layer = "model.layers.0.";
        parameters.put("model.embed_tokens.weight", Var.of(new double[] {3, 4, 4, -3}, 2, 2));
        parameters.put("model.norm.weight", Inputs.vector(1, 10));
        parameters.put("lm_head.weight", Var.of(new double[] {1, 0, 0, 1, 1, 1}, 3, 2));
        parameters.put(layer + "input_layernorm.weight", Inputs.vector(1, 2));
        parameters.put(layer + "post_attention_layernorm.weight", Inputs.vector(3, 1));
        parameters.put(layer + "self_attn.q_proj.weight", Var.of(ZERO, 2, 2));
        parameters.put(layer + "self_attn.k_proj.weight", Var.of(UNIT, 2, 2));
        parameters.put(layer + "self_attn.v_proj.weight", Var.of(UNIT, 2, 2));
        parameters.put(layer + "self_attn.o_proj.weight", Var.of(output, 2, 2));
        parameters.put(layer + "mlp.gate_proj.weight", Var.of(UNIT, 2, 2));
        parameters.put(layer + "mlp.up_proj.weight", Var.of(new double[] {2, 0, 0, 3}, 2, 2));
        parameters.put(layer + "mlp.down_proj.weight", Var.of(down, 2, 2));
        return parameters;
    }

    private static OracleDecoder tinyDecoder(double[] output, double[] down) {
        return new OracleDecoder(TINY, tiny(output, down));
    }

    /**
     * Embeddings (3, 4) and (4, -3) have mean squares of 12.5, with epsilon sqrt(25): with the
     * weight (1, 2) they are normed to (0.6, 1.6) and (0.8, -1.2). Queries of 0 attend evenly:
     * token 0 to itself, token 1 to the mean (0.7, 0.2). Ten times that is added: (9, 20) and (11,
     * -1), with mean squares 240.5 and 61, so norms over sqrt(253) and sqrt(73.5), weight (1, 10).
     */
    @Test
    void forward_attentionAlone_byHand() {
        OracleDecoder decoder = tinyDecoder(new double[] {10, 0, 0, 10}, ZERO);
        OracleDecoder.Output output = decoder.forward(new int[][] {{0, 1}});
        double a = 9 / Math.sqrt(253);
        double b = 200 / Math.sqrt(253);
        double c = 11 / Math.sqrt(73.5);
        double d = -10 / Math.sqrt(73.5);
        assertThat(output.hiddenStates()).hasSize(2);
        assertThat(output.hiddenStates().get(0).values()).containsExactly(3, 4, 4, -3);
        assertThat(output.hiddenStates().get(1).values())
                .containsExactly(new double[] {a, b, c, d}, ROUNDING);
        assertThat(output.logits().values())
                .containsExactly(new double[] {a, b, a + b, c, d, c + d}, ROUNDING);
        assertThat(output.logits().shape()).containsExactly(1, 2, 3);
    }

    /** (1.8, 0.8) gives gate * up = (2 * 3.24, 3 * 0.64); down swaps: (3 + 1.92, 4 + 6.48). */
    @Test
    void forward_feedForwardAlone_byHand() {
        OracleDecoder decoder = tinyDecoder(ZERO, new double[] {0, 1, 1, 0});
        OracleDecoder.Output output = decoder.forward(new int[][] {{0}});
        double root = Math.sqrt((4.92 * 4.92 + 10.48 * 10.48) / 2 + 12.5);
        assertThat(output.hiddenStates().get(1).values())
                .containsExactly(new double[] {4.92 / root, 104.8 / root}, ROUNDING);
    }

    /**
     * Weights of 0 leave the biases: attention adds (5, 7) + (11, 13), the feed-forward network (2
     * * 5, 3 * 7) + (1, 4): from (3, 4) to (30, 49).
     */
    @Test
    void forward_biasesAlone_byHand() {
        Map<String, Var> parameters = tiny(UNIT, UNIT);
        String layer = "model.layers.0.";
        for (String name : new String[] {"self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj"}) {
            parameters.put(layer + name + ".weight", Var.of(ZERO, 2, 2));
        }
        parameters.put(layer + "self_attn.v_proj.bias", Inputs.vector(5, 7));
        parameters.put(layer + "self_attn.o_proj.bias", Inputs.vector(11, 13));
        parameters.put(layer + "mlp.gate_proj.bias", Inputs.vector(2, 3));
        parameters.put(layer + "mlp.up_proj.bias", Inputs.vector(5, 7));
        parameters.put(layer + "mlp.down_proj.bias", Inputs.vector(1, 4));
        OracleDecoder.Output output =
                new OracleDecoder(TINY, parameters).forward(new int[][] {{0}});
        double root = Math.sqrt((30 * 30 + 49 * 49) / 2.0 + 12.5);
        assertThat(output.hiddenStates().get(1).values())
                .containsExactly(new double[] {30 / root, 490 / root}, ROUNDING);
    }

    /** A parameter that is read in another's place would have no gradient. */
    @Test
    void forward_everyParameter_isUsed() {
        Map<String, Var> parameters = parameters(true, true);
        Var logits = new OracleDecoder(SIZES, parameters).forward(TOKENS).logits();
        logits.backward(Inputs.random(9, 2, 4, 7).values());
        parameters.forEach(
                (name, parameter) ->
                        assertThat(Arrays.stream(parameter.gradient()).map(Math::abs).sum())
                                .as(name)
                                .isPositive());
    }

    @Test
    void forward_allParameters_gradientAgreesWithDifferences() {
        for (boolean head : new boolean[] {true, false}) {
            Map<String, Var> parameters = parameters(head, head);
            List<String> names = new ArrayList<>(parameters.keySet());
            boolean[][] keep = {{true, true, true, true}, {false, true, true, true}};
            double[][] positions = {{0, 1, 2, 3}, {1, 0, 1, 2}};
            FiniteDifferences.Report report =
                    FiniteDifferences.randomDirections(
                            in -> {
                                Map<String, Var> byName = new HashMap<>();
                                for (int i = 0; i < names.size(); i++) {
                                    byName.put(names.get(i), in.get(i));
                                }
                                return new OracleDecoder(SIZES, byName)
                                        .forward(TOKENS, keep, positions)
                                        .logits();
                            },
                            List.copyOf(parameters.values()),
                            3,
                            5);
            // Measured 4.1e-11, nearly all of it truncation.
            assertThat(report.worstError()).as("%s", report).isBetween(0.0, 1e-10);
        }
    }

    @Test
    void forward_embeddings_equalTheirTokens() {
        OracleDecoder decoder = new OracleDecoder(SIZES, parameters(true, false));
        OracleDecoder.Output expected = decoder.forward(TOKENS);
        Var embeddings = expected.hiddenStates().get(0);
        OracleDecoder.Output actual = decoder.forward(embeddings, null, null);
        assertThat(actual.logits().values()).containsExactly(expected.logits().values());
        assertThat(actual.hiddenStates()).hasSize(3);
    }

    /** Row 1 without its padding, alone, gives the same as in the batch. */
    @Test
    void forward_leftPadding_changesNothing() {
        OracleDecoder decoder = new OracleDecoder(SIZES, parameters(true, true));
        boolean[][] keep = {{true, true, true, true}, {false, true, true, true}};
        double[][] positions = {{0, 1, 2, 3}, {1, 0, 1, 2}};
        double[] padded = decoder.forward(TOKENS, keep, positions).logits().values();
        double[] alone = decoder.forward(new int[][] {{5, 1, 4}}).logits().values();
        double[] tail = Arrays.copyOfRange(padded, 5 * 7, 8 * 7);
        assertThat(tail).containsExactly(alone, ROUNDING);
    }

    @Test
    void forward_lastToken_isNotSeenByEarlierOnes() {
        OracleDecoder decoder = new OracleDecoder(SIZES, parameters(true, false));
        double[] a = decoder.forward(new int[][] {{1, 2, 3}}).logits().values();
        double[] b = decoder.forward(new int[][] {{1, 2, 6}}).logits().values();
        assertThat(Arrays.copyOf(a, 14)).containsExactly(Arrays.copyOf(b, 14));
        assertThat(a[14]).isNotEqualTo(b[14]);
    }

    /** Rotary embedding knows distances only: a shift of all positions is no change. */
    @Test
    void forward_positions_actByTheirDistance() {
        OracleDecoder decoder = new OracleDecoder(SIZES, parameters(true, false));
        double[] plain = decoder.forward(TOKENS).logits().values();
        double[][] shifted = {{9, 10, 11, 12}, {4, 5, 6, 7}};
        double[][] stretched = {{0, 2, 4, 6}, {0, 2, 4, 6}};
        assertThat(decoder.forward(TOKENS, null, shifted).logits().values())
                .containsExactly(plain, ROUNDING);
        assertThat(decoder.forward(TOKENS, null, stretched).logits().values()[27])
                .isNotCloseTo(plain[27], within(1e-4));
    }

    /** With 2 channels the frequency is 1, with 2 turns of original context half way to 1/4. */
    @Test
    void forward_ropeScaling_equalsScaledPositions() {
        Llama3Scaling scaling = new Llama3Scaling(4, 1, 3, 4 * Math.PI);
        OracleDecoder.Sizes scaled =
                new OracleDecoder.Sizes(2, 4, 2, 2, 1e-5, 10, scaling, OracleActivation.SILU);
        double[][] positions = {{0, 0.625, 1.25, 1.875}, {0, 0.625, 1.25, 1.875}};
        double[] expected =
                new OracleDecoder(SIZES, parameters(true, false))
                        .forward(TOKENS, null, positions)
                        .logits()
                        .values();
        assertThat(
                        new OracleDecoder(scaled, parameters(true, false))
                                .forward(TOKENS)
                                .logits()
                                .values())
                .containsExactly(expected, ROUNDING);
    }

    @Test
    void forward_withoutHead_usesTheTable() {
        Map<String, Var> tied = parameters(false, false);
        Map<String, Var> written = parameters(false, false);
        written.put("lm_head.weight", Inputs.random(1, 7, 6));
        assertThat(new OracleDecoder(SIZES, tied).forward(TOKENS).logits().values())
                .containsExactly(
                        new OracleDecoder(SIZES, written).forward(TOKENS).logits().values());
    }

    @Test
    void new_parametersDoNotFit_namesThem() {
        Map<String, Var> missing = parameters(true, false);
        missing.remove("model.layers.1.mlp.up_proj.weight");
        assertThatThrownBy(() -> new OracleDecoder(SIZES, missing))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parameter model.layers.1.mlp.up_proj.weight is missing");
        Map<String, Var> unknown = parameters(true, false);
        unknown.put("model.layers.2.mlp.up_proj.weight", Inputs.vector(1));
        assertThatThrownBy(() -> new OracleDecoder(SIZES, unknown))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "parameters [model.layers.2.mlp.up_proj.weight] are unknown to a decoder"
                                + " of 2 layers");
    }

    @Test
    void forward_headsOfAnotherWidth_namesBoth() {
        OracleDecoder.Sizes wide =
                new OracleDecoder.Sizes(2, 4, 2, 4, 1e-5, 10, null, OracleActivation.SILU);
        OracleDecoder decoder = new OracleDecoder(wide, parameters(true, false));
        assertThatThrownBy(() -> decoder.forward(TOKENS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "model.layers.0.self_attn.q_proj gives 8 channels, but 4 heads of headDim"
                                + " (4) have 16");
    }

    @Test
    void forward_raggedInputs_namesBothLengths() {
        OracleDecoder decoder = new OracleDecoder(SIZES, parameters(true, false));
        assertThatThrownBy(() -> decoder.forward(new int[][] {{1, 2}, {3}}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokens must have rows of one length, not of 2 and 1");
        assertThatThrownBy(() -> decoder.forward(new int[0][]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tokens (0 rows) must have at least 1");
        assertThatThrownBy(() -> decoder.forward(TOKENS, new boolean[2][3], null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keep (3) must have one element for each of the 4 tokens");
        assertThatThrownBy(() -> decoder.forward(TOKENS, new boolean[1][4], null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("keep (1 rows) must have the 2 of the batch");
    }
}
