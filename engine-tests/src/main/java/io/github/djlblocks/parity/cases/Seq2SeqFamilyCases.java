package io.github.djlblocks.parity.cases;

import io.github.djlblocks.family.Families;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OraclePositionBias;
import io.github.djlblocks.parity.oracle.OracleSinusoids;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Cases of encoder-decoders, built from a config.json, for what the reference's numbers do not
 * show: the formula is that of their modeling code in transformers 4.51.3. Gates, biases, norms of
 * embeddings and a head of its own are there if their parameters are.
 */
final class Seq2SeqFamilyCases {

    private static final int E = 12;
    private static final int S = 5;
    private static final int T = 6;
    private static final double[] SOURCE = {0, 12, 3, 3, 7, 1, 1, 0, 9, 5, 3, 2};
    private static final double[] TARGET = {4, 1, 1, 0, 10, 7, 3, 6, 6, 2};
    private static final double[] KEEP = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0};

    /** Two layers read, three write; heads of other widths than the model. */
    private static final String T5 =
            """
            {"vocab_size": 13, "d_model": 12, "d_kv": 5, "d_ff": 20, "num_layers": 2,
             "num_decoder_layers": 3, "num_heads": 2, "relative_attention_num_buckets": 8,
             "relative_attention_max_distance": 5, "layer_norm_epsilon": 1e-5,
            """;

    private static final String BART =
            """
            {"vocab_size": 13, "d_model": 12, "encoder_layers": 2, "decoder_layers": 3,
             "encoder_attention_heads": 3, "decoder_attention_heads": 2, "encoder_ffn_dim": 20,
             "decoder_ffn_dim": 14, "max_position_embeddings": 8,
            """;

    /** Which norm there is, before or after sublayers, and how positions are told. */
    private record Model(
            boolean rms,
            boolean pre,
            int encoderHeads,
            int decoderHeads,
            int positionOffset,
            double embeddingScale,
            double headScale,
            OracleActivation activation) {

        /** The sublayer in its residual. */
        Var residual(Scope p, Var x, UnaryOperator<Var> sublayer) {
            return pre
                    ? OracleMath.add(x, sublayer.apply(norm(p.child("norm"), x)))
                    : norm(p.child("norm"), OracleMath.add(x, sublayer.apply(x)));
        }

        Var norm(Scope p, Var x) {
            return rms ? p.rmsNorm(x, 1e-5) : p.layerNorm(x, 1e-5);
        }
    }

    private Seq2SeqFamilyCases() {}

    static List<ParityCase> all() {
        double root = Math.sqrt(E);
        return List.of(
                sequences(
                        "T5 1.1, gated GELU, own head",
                        T5
                                + """
                                "model_type": "t5", "feed_forward_proj": "gated-gelu",
                                "tie_word_embeddings": false}
                                """,
                        t5(1, OracleActivation.GELU_TANH)),
                sequences(
                        "mT5, gated SiLU, tied head",
                        T5
                                + """
                                "model_type": "mt5", "feed_forward_proj": "gated-silu",
                                "tie_word_embeddings": true}
                                """,
                        t5(1 / root, OracleActivation.SILU)),
                sequences(
                        "T5, SiLU without a gate",
                        T5 + "\"model_type\": \"t5\", \"feed_forward_proj\": \"silu\"}",
                        t5(1 / root, OracleActivation.SILU)),
                sequences(
                        "BART, scaled embeddings, own head",
                        BART
                                + """
                                "model_type": "bart", "scale_embedding": true,
                                "activation_function": "gelu_new", "tie_word_embeddings": false}
                                """,
                        bart(false, 2, root, OracleActivation.GELU_TANH)),
                sequences(
                        "mBART",
                        BART
                                + """
                                "model_type": "mbart", "scale_embedding": true,
                                "activation_function": "relu"}
                                """,
                        bart(true, 2, root, OracleActivation.RELU)),
                sequences(
                        "Pegasus",
                        BART + "\"model_type\": \"pegasus\", \"activation_function\": \"relu\"}",
                        bart(true, 0, 1, OracleActivation.RELU)),
                sequences(
                        "Marian, SiLU, two vocabularies",
                        BART
                                + """
                                "model_type": "marian", "activation_function": "swish",
                                "share_encoder_decoder_embeddings": false,
                                "decoder_vocab_size": 11, "scale_embedding": true}
                                """,
                        bart(false, 0, root, OracleActivation.SILU)),
                sequences(
                        "Blenderbot",
                        BART + "\"model_type\": \"blenderbot\", \"activation_function\": \"tanh\"}",
                        bart(true, 0, 1, OracleActivation.TANH)));
    }

    private static Model t5(double headScale, OracleActivation activation) {
        return new Model(true, true, 2, 2, 0, 1, headScale, activation);
    }

    private static Model bart(boolean pre, int offset, double scale, OracleActivation activation) {
        return new Model(false, pre, 3, 2, offset, scale, 1, activation);
    }

    private static ParityCase sequences(String variant, String config, Model model) {
        // Projections, scores, values and output of up to three sublayers; gate, up and down.
        long layer = 2L * (2 * E + 10 + 2 * T + 10) + 2 * E + 20 + 4 * E;
        ParityCaseBuilder builder =
                ParityCase.builder("EncoderDecoder", variant)
                        .addIntegers("source", SOURCE, 2, T)
                        .addIntegers("target", TARGET, 2, S)
                        .addIntegers("keep", KEEP, 2, T)
                        .setBlock(() -> Families.parse(config).newBlock())
                        .setFormula((arrays, p) -> logits(arrays, Scope.of(p), model))
                        .setTolerance(
                                (2 + 2 * 3) * layer + 3 * E,
                                6,
                                "the terms of the layers one after the other, those that look at"
                                    + " the memory twice; gates multiply, and scores of T5 are not"
                                    + " scaled");
        if (!model.rms()) {
            for (int i = 0; i < 3; i++) {
                String key = "layers." + i + ".attention.sublayer.key.bias";
                String crossed = "decoder.layers." + i + ".crossAttention.sublayer.key.bias";
                builder.optGradientScale("decoder." + key, 10).optGradientScale(crossed, 10);
                if (i < 2) {
                    builder.optGradientScale("encoder." + key, 10);
                }
            }
        }
        return builder.build();
    }

    private static Var logits(Map<String, Var> arrays, Scope p, Model model) {
        Scope encoder = p.child("encoder");
        Scope decoder = p.child("decoder");
        Var table = encoder.required("embeddings.tokens.weight");
        Var x = embedded(encoder, Scope.get(arrays, "source"), table, model);
        OracleAttentionOptions own = options(encoder, model, T, true).withKeep(keep(), 2, 1, 1, T);
        for (int i = 0; i < 2; i++) {
            Scope layer = encoder.child("layers." + i);
            x = attention(layer.child("attention"), x, null, model, model.encoderHeads(), own);
            x = feedForward(layer.child("feedForward"), x, model);
        }
        Var memory = model.pre() ? model.norm(encoder.child("norm"), x) : x;
        Var decoderTable = decoder.optional("embeddings.tokens.weight");
        Var words = decoderTable == null ? table : decoderTable;
        Var y = embedded(decoder, Scope.get(arrays, "target"), words, model);
        OracleAttentionOptions causal = options(decoder, model, S, false).withCausal();
        OracleAttentionOptions crossed = scaled(model).withKeep(keep(), 2, 1, 1, T);
        for (int i = 0; i < 3; i++) {
            Scope layer = decoder.child("layers." + i);
            int heads = model.decoderHeads();
            y = attention(layer.child("attention"), y, null, model, heads, causal);
            y = attention(layer.child("crossAttention"), y, memory, model, heads, crossed);
            y = feedForward(layer.child("feedForward"), y, model);
        }
        Var last = model.pre() ? model.norm(decoder.child("norm"), y) : y;
        Var head = decoder.optional("head.output.weight");
        return OracleLinear.linear(
                OracleMath.scale(last, model.headScale()),
                head == null ? words : head,
                decoder.optional("head.bias"));
    }

    private static boolean[] keep() {
        boolean[] keep = new boolean[KEEP.length];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = KEEP[i] != 0;
        }
        return keep;
    }

    private static OracleAttentionOptions scaled(Model model) {
        OracleAttentionOptions options = OracleAttentionOptions.DEFAULT;
        return model.rms() ? options.withScale(1) : options;
    }

    private static OracleAttentionOptions options(
            Scope p, Model model, int length, boolean bidirectional) {
        if (!model.rms()) {
            return scaled(model);
        }
        double[][] positions = {count(length)};
        return scaled(model)
                .withBias(
                        OraclePositionBias.t5(
                                positions,
                                positions,
                                p.required("positionBias.weight"),
                                5,
                                bidirectional));
    }

    private static double[] count(int length) {
        double[] positions = new double[length];
        Arrays.setAll(positions, i -> i);
        return positions;
    }

    private static Var embedded(Scope p, Var ids, Var table, Model model) {
        Scope embeddings = p.child("embeddings");
        Var x = OracleMath.scale(HeadCases.embedding(ids, table), model.embeddingScale());
        int length = ids.shape()[1];
        Var learned = embeddings.optional("positions.weight");
        if (learned != null) {
            double[] rows = count(length);
            Arrays.setAll(rows, i -> i + model.positionOffset());
            x = OracleMath.add(x, HeadCases.embedding(Var.of(rows, length), learned));
        } else if (!model.rms()) {
            double[][] positions = {count(length)};
            Var sines = OracleSinusoids.table(positions, E, 1e4, OracleSinusoids.Layout.MARIAN);
            x = OracleMath.add(x, OracleMath.reshape(sines, length, E));
        }
        return embeddings.optional("norm.weight") == null
                ? x
                : embeddings.child("norm").layerNorm(x, 1e-5);
    }

    private static Var attention(
            Scope p,
            Var x,
            @Nullable Var memory,
            Model model,
            int heads,
            OracleAttentionOptions options) {
        Scope sub = p.child("sublayer");
        return model.residual(
                p,
                x,
                z -> {
                    Var seen = memory == null ? z : memory;
                    Var q = OracleHeads.splitHeads(sub.linear("query", z), heads);
                    Var k = OracleHeads.splitHeads(sub.linear("key", seen), heads);
                    Var v = OracleHeads.splitHeads(sub.linear("value", seen), heads);
                    Var y = OracleAttention.attention(q, k, v, options);
                    return sub.linear("output", OracleHeads.mergeHeads(y));
                });
    }

    private static Var feedForward(Scope p, Var x, Model model) {
        Scope sub = p.child("sublayer");
        return model.residual(
                p,
                x,
                z ->
                        sub.optional("gate.weight") == null
                                ? sub.linear("down", model.activation().apply(sub.linear("up", z)))
                                : sub.gatedFeedForward(z, model.activation()));
    }
}
