package io.github.djlblocks.parity.cases;

import io.github.djlblocks.attention.MultiHeadLatentAttention;
import io.github.djlblocks.attention.MultiHeadLatentAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.OracleRotary;
import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cases of latent attention; the formula adds two scores where the block joins two keys. */
final class LatentAttentionCases {

    private static final int B = 2;
    private static final int S = 5;
    private static final int E = 12;
    private static final int H = 3;
    private static final int QUERY_LATENT = 7;
    private static final int R = 8;
    private static final int DR = 4;
    private static final int DN = 6;
    private static final int DV = 5;
    private static final double THETA = 10000;
    private static final long TERMS = E + QUERY_LATENT + R + R + DN + DR + S + H * DV;

    private LatentAttentionCases() {}

    static List<ParityCase> all() {
        return List.of(
                latent("one query projection", false, false, null),
                latent("latent queries, causal", true, false, null),
                latent("latent queries, scale 0.7", true, false, 0.7),
                latent("latent cache", false, true, null),
                latent("latent cache, latent queries, scale 0.7", true, true, 0.7));
    }

    private static ParityCase latent(
            String variant, boolean latentQueries, boolean latentCache, @Nullable Double scale) {
        return ParityCase.builder("MultiHeadLatentAttention", variant)
                .setBlock(() -> block(latentQueries, latentCache, scale))
                .addInput("x", RandomTensors.normal(variant.hashCode(), B, S, E), B, S, E)
                .setFormula(
                        (arrays, parameters) ->
                                formula(
                                        Scope.of(parameters),
                                        Scope.get(arrays, "x"),
                                        latentQueries,
                                        scale))
                .setTolerance(
                        TERMS,
                        8,
                        "as attention (4); the norms of two latents and the projections between"
                                + " them and the heads (4)")
                .build();
    }

    private static MultiHeadLatentAttention block(
            boolean latentQueries, boolean latentCache, @Nullable Double scale) {
        MultiHeadLatentAttentionBuilder builder =
                MultiHeadLatentAttention.builder()
                        .setLatent(
                                Linear.withoutBias(E, R + DR),
                                norm(R),
                                Linear.withoutBias(R, H * (DN + DV)))
                        .setOutput(Linear.withoutBias(H * DV, E))
                        .setHeads(H)
                        .setRotary(RotaryEmbedding.builder().setHeadDim(DR).build())
                        .optCausal(true)
                        .optLatentCache(latentCache);
        if (scale != null) {
            builder.optScale(scale);
        }
        Linear up = Linear.withoutBias(latentQueries ? QUERY_LATENT : E, H * (DN + DR));
        return latentQueries
                ? builder.setLatentQuery(
                                Linear.withoutBias(E, QUERY_LATENT), norm(QUERY_LATENT), up)
                        .build()
                : builder.setQuery(up).build();
    }

    private static RmsNorm norm(int channels) {
        return RmsNorm.builder().setChannels(channels).build();
    }

    private static Var formula(Scope p, Var x, boolean latentQueries, @Nullable Double scale) {
        Var from = latentQueries ? p.child("queryNorm").rmsNorm(p.linear("queryDown", x), 1e-6) : x;
        Var queries = p.child(latentQueries ? "queryUp" : "query").required("weight");
        Var q = heads(from, queries, DN + DR, 0, DN);
        Var turned = rotate(heads(from, queries, DN + DR, DN, DR));
        Var down = p.child("latentDown").required("weight");
        Var c = p.child("latentNorm").rmsNorm(OracleLinear.linear(x, rows(down, 0, R), null), 1e-6);
        Var r = rotate(OracleHeads.splitHeads(OracleLinear.linear(x, rows(down, R, DR), null), 1));
        Var up = p.child("latentUp").required("weight");
        Var k = heads(c, up, DN + DV, 0, DN);
        Var v = heads(c, up, DN + DV, DN, DV);
        // q . k + s . r = (q, s) . (k, r): the shared key is written out for each head
        double factor = scale == null ? 1 / Math.sqrt(DN + DR) : scale;
        Var whole =
                OracleAttention.attention(
                        join(q, turned),
                        join(k, repeat(r)),
                        v,
                        OracleAttentionOptions.DEFAULT.withCausal().withScale(factor));
        return p.linear("output", OracleHeads.mergeHeads(whole));
    }

    /** The channels from .. from + size of every head of a projection. */
    private static Var heads(Var x, Var weight, int headDim, int from, int size) {
        int[] rows = new int[H * size];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i / size * headDim + from + i % size;
        }
        Var part = OracleLinear.embedding(rows, new int[] {rows.length}, weight);
        return OracleHeads.splitHeads(OracleLinear.linear(x, part, null), H);
    }

    private static Var rows(Var weight, int from, int count) {
        int[] rows = new int[count];
        for (int i = 0; i < count; i++) {
            rows[i] = from + i;
        }
        return OracleLinear.embedding(rows, new int[] {count}, weight);
    }

    private static Var rotate(Var x) {
        return OracleRotary.rotary(
                x,
                RotaryCases.positions(null, S),
                OracleRotaryFrequencies.standard(THETA, DR),
                OracleRotary.Layout.HALF_SPLIT,
                1);
    }

    /** (B, 1, S, D) to (B, H, S, D). */
    private static Var repeat(Var r) {
        int d = r.shape()[3];
        int[] rows = new int[B * H * S];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = i / (H * S) * S + i % S;
        }
        Var table = OracleMath.reshape(r, B * S, d);
        return OracleMath.reshape(
                OracleLinear.embedding(rows, new int[] {rows.length}, table), B, H, S, d);
    }

    /** Joins along the last axis. */
    private static Var join(Var a, Var b) {
        int da = a.shape()[3];
        int db = b.shape()[3];
        // a padded with zeros on the right plus b padded on the left, each by a linear map
        return OracleMath.add(
                OracleLinear.linear(a, pad(da, da + db, 0), null),
                OracleLinear.linear(b, pad(db, da + db, da), null));
    }

    private static Var pad(int in, int out, int at) {
        double[] weight = new double[out * in];
        for (int i = 0; i < in; i++) {
            weight[(at + i) * in + i] = 1;
        }
        return Var.of(weight, out, in);
    }
}
