package io.github.djlblocks.family;

import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.OracleSequences;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Encoders of transformers 4.51.3, spelled with the names of their tensors. */
final class EncoderFormulas {

    static final int B = 2;
    static final int S = 7;
    static final int V = 11;
    static final int E = 12;
    static final int F = 10;
    static final int HEADS = 3;
    static final int ROWS = 16;

    /** Padding is token 1, after the first row's tokens and before the second's. */
    static final double[] IDS = {0, 5, 9, 5, 10, 1, 1, 1, 1, 0, 4, 1, 7, 2};

    /** One token that looks like padding is none. */
    static final double[] MASK = {1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1};

    static final double[] TYPES = {0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1};

    /** Counted over tokens other than 1, from 2 on, with 1 where it stands. */
    static final double[] ROBERTA = {2, 3, 4, 5, 6, 1, 1, 1, 1, 2, 3, 1, 4, 5};

    static final double[] IN_ORDER = {0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6};

    final NamedTensors tensors = new NamedTensors();
    final List<Var> states = new ArrayList<>();
    OracleActivation feedForward = OracleActivation.GELU_TANH;
    double epsilon = 1e-5;

    private static OracleAttentionOptions keep() {
        boolean[] keep = new boolean[MASK.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = MASK[i] != 0;
        }
        return OracleAttentionOptions.DEFAULT.withKeep(keep, B, 1, 1, S);
    }

    private static Var heads(Var x) {
        return OracleHeads.splitHeads(x, HEADS);
    }

    /** What BERT adds up, named as there; norms may have old names. */
    Var embeddings(String prefix, int channels, double[] positions, int types, boolean old) {
        String p = prefix + "embeddings.";
        Var x = tensors.rows(p + "word_embeddings.weight", V, channels, IDS, B, S);
        x =
                OracleMath.add(
                        x,
                        tensors.rows(
                                p + "position_embeddings.weight", ROWS, channels, positions, B, S));
        if (types > 0) {
            double[] given = types == 1 ? new double[B * S] : TYPES;
            x =
                    OracleMath.add(
                            x,
                            tensors.rows(
                                    p + "token_type_embeddings.weight",
                                    types,
                                    channels,
                                    given,
                                    B,
                                    S));
        }
        return named(p + "LayerNorm", x, old);
    }

    private Var named(String name, Var x, boolean old) {
        return old
                ? tensors.norm(name + ".gamma", name + ".beta", x, epsilon)
                : tensors.norm(name, x, epsilon);
    }

    /** Names of the maps of a layer: query, key, value, output, norm; up, down, norm. */
    Var postNormLayer(Var x, OracleActivation activation, boolean old, String... names) {
        Var attended =
                OracleAttention.attention(
                        heads(tensors.linear(names[0], x, E, true)),
                        heads(tensors.linear(names[1], x, E, true)),
                        heads(tensors.linear(names[2], x, E, true)),
                        keep());
        Var y = tensors.linear(names[3], OracleHeads.mergeHeads(attended), E, true);
        Var middle = named(names[4], OracleMath.add(x, y), old);
        Var wide = activation.apply(tensors.linear(names[5], middle, F, true));
        Var z = tensors.linear(names[6], wide, E, true);
        return named(names[7], OracleMath.add(middle, z), old);
    }

    static String[] bert(String layer) {
        return new String[] {
            layer + "attention.self.query",
            layer + "attention.self.key",
            layer + "attention.self.value",
            layer + "attention.output.dense",
            layer + "attention.output.LayerNorm",
            layer + "intermediate.dense",
            layer + "output.dense",
            layer + "output.LayerNorm"
        };
    }

    static String[] albert(String layer) {
        return new String[] {
            layer + "attention.query",
            layer + "attention.key",
            layer + "attention.value",
            layer + "attention.dense",
            layer + "attention.LayerNorm",
            layer + "ffn",
            layer + "ffn_output",
            layer + "full_layer_layer_norm"
        };
    }

    /** BERT of two layers. */
    Var bert(String prefix, double[] positions, int types, boolean old) {
        Var x = embeddings(prefix, E, positions, types, old);
        states.add(x);
        for (int i = 0; i < 2; i++) {
            String layer = prefix + "encoder.layer." + i + ".";
            x = postNormLayer(x, OracleActivation.GELU_ERF, old, bert(layer));
            states.add(x);
        }
        return x;
    }

    /** ALBERT of two groups of two layers, in four runs. */
    Var albert(String prefix, int channels) {
        String encoder = prefix + "encoder.";
        Var x = embeddings(prefix, channels, IN_ORDER, 2, false);
        x = tensors.linear(encoder + "embedding_hidden_mapping_in", x, E, true);
        states.add(x);
        for (int run = 0; run < 4; run++) {
            for (int inner = 0; inner < 2; inner++) {
                String layer =
                        encoder
                                + "albert_layer_groups."
                                + run / 2
                                + ".albert_layers."
                                + inner
                                + ".";
                x = postNormLayer(x, feedForward, false, albert(layer));
            }
            states.add(x);
        }
        return x;
    }

    /**
     * ModernBERT of as many layers as there are angles.
     *
     * @param thetas base of the angles of each layer, negative where it sees a window
     */
    Var modernBert(String prefix, int reach, boolean bias, double... thetas) {
        Var x = tensors.rows(prefix + "embeddings.tok_embeddings.weight", V, E, IDS, B, S);
        x = modernNorm(prefix + "embeddings.norm", x, bias);
        for (int i = 0; i < thetas.length; i++) {
            states.add(x);
            String layer = prefix + "layers." + i + ".";
            Var normed = i == 0 ? x : modernNorm(layer + "attn_norm", x, bias);
            Var fused = tensors.linear(layer + "attn.Wqkv", normed, 3 * E, bias);
            OracleAttentionOptions options =
                    thetas[i] > 0
                            ? keep()
                            : keep().withRule((row, q, k) -> Math.abs(q - k) <= reach);
            Var attended =
                    OracleAttention.attention(
                            turned(part(fused, 0, E), Math.abs(thetas[i])),
                            turned(part(fused, E, E), Math.abs(thetas[i])),
                            heads(part(fused, 2 * E, E)),
                            options);
            Var merged = OracleHeads.mergeHeads(attended);
            x = OracleMath.add(x, tensors.linear(layer + "attn.Wo", merged, E, bias));
            Var wide =
                    tensors.linear(
                            layer + "mlp.Wi", modernNorm(layer + "mlp_norm", x, bias), 2 * F, bias);
            Var gated =
                    OracleMath.mul(
                            OracleActivation.GELU_ERF.apply(part(wide, 0, F)), part(wide, F, F));
            x = OracleMath.add(x, tensors.linear(layer + "mlp.Wo", gated, E, bias));
        }
        states.add(x);
        return modernNorm(prefix + "final_norm", x, bias);
    }

    private Var modernNorm(String name, Var x, boolean bias) {
        return tensors.norm(name + ".weight", bias ? name + ".bias" : null, x, 1e-4);
    }

    /** The head's transform of ModernBERT, with SiLU. */
    Var modernHead(Var x, boolean bias) {
        Var y = OracleActivation.SILU.apply(tensors.linear("head.dense", x, E, bias));
        return modernNorm("head.norm", y, bias);
    }

    private static Var turned(Var x, double theta) {
        double[] row = Arrays.copyOf(IN_ORDER, S);
        return OracleRotary.rotary(
                heads(x),
                new double[][] {row},
                OracleRotaryFrequencies.standard(theta, E / HEADS),
                OracleRotary.Layout.HALF_SPLIT,
                1);
    }

    /** Some channels, by a matrix of ones and zeros. */
    private static Var part(Var x, int from, int count) {
        int channels = x.shape()[2];
        double[] pick = new double[count * channels];
        for (int i = 0; i < count; i++) {
            pick[i * channels + from + i] = 1;
        }
        return OracleLinear.linear(x, Var.of(pick, count, channels), null);
    }

    /** The head of a masked language model, tied or not. */
    Var scores(Var x, String dense, String norm, String bias, String decoder, int channels) {
        Var y = OracleActivation.GELU_ERF.apply(tensors.linear(dense, x, channels, true));
        return OracleLinear.linear(
                tensors.norm(norm, y, 1e-5),
                tensors.tensor(decoder, V, channels),
                tensors.tensor(bias, V));
    }

    Var first(Var x) {
        return OracleSequences.pool(x, new boolean[B * S], OracleSequences.Pooling.FIRST);
    }

    Var mean(Var x) {
        boolean[] keep = new boolean[MASK.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = MASK[i] != 0;
        }
        return OracleSequences.pool(x, keep, OracleSequences.Pooling.MEAN);
    }

    Var dense(String name, Var x, OracleActivation activation) {
        return activation.apply(tensors.linear(name, x, E, true));
    }

    /** DistilBERT of two layers. */
    Var distilBert() {
        String prefix = "distilbert.";
        Var x = embeddings(prefix, E, IN_ORDER, 0, false);
        states.add(x);
        for (int i = 0; i < 2; i++) {
            String layer = prefix + "transformer.layer." + i + ".";
            x =
                    postNormLayer(
                            x,
                            OracleActivation.GELU_ERF,
                            false,
                            layer + "attention.q_lin",
                            layer + "attention.k_lin",
                            layer + "attention.v_lin",
                            layer + "attention.out_lin",
                            layer + "sa_layer_norm",
                            layer + "ffn.lin1",
                            layer + "ffn.lin2",
                            layer + "output_layer_norm");
            states.add(x);
        }
        return x;
    }

    /** The scores of ModernBERT's head. */
    Var modernScores(Var x, String table) {
        return OracleLinear.linear(
                modernHead(x, false),
                tensors.tensor(table, V, E),
                tensors.tensor("decoder.bias", V));
    }
}
