package io.github.djlblocks.parity.cases;

import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.kernel.FusedHeadLayout;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Cases of what attention can do besides look: windows, caps, sinks, norms, fused, cross. */
final class AttentionOptionCases {

    private static final String REASON =
            "sums over E, D, T and H D, lambda 4 (2); a score's absolute error is a relative one of"
                    + " its weight, and scores reach 3 to 4 (2)";
    private static final int B = 2;
    private static final int S = 7;
    private static final int T = 5;
    private static final int E = 12;
    private static final int M = 9;
    private static final int H = 4;
    private static final int K = 2;
    private static final int D = 4;
    private static final long TERMS = E + D + S + (long) H * D;

    private AttentionOptionCases() {}

    /** How a case's queries, keys and values come from its input. */
    private interface Heads {
        Var[] of(Scope p, Var x, Var memory);
    }

    static List<ParityCase> all() {
        List<ParityCase> cases = new ArrayList<>();
        cases.add(self("softcap 0.8", b -> b.optSoftcap(0.8), o -> o.withSoftcap(0.8)));
        cases.add(
                self(
                        "softcap 30, causal, scale 2",
                        b -> b.optSoftcap(30).optCausal(true).optScale(2),
                        o -> o.withSoftcap(30).withCausal().withScale(2)));
        cases.add(
                self(
                        "window of 3, causal",
                        b -> b.optWindow(2, -1).optCausal(true),
                        o -> o.withRule((row, q, k) -> k <= q && q - k < 3)));
        cases.add(
                self(
                        "window 1 left, 2 right",
                        b -> b.optWindow(1, 2),
                        o -> o.withRule((row, q, k) -> k >= q - 1 && k <= q + 2)));
        cases.add(
                self(
                        "window of the query alone",
                        b -> b.optWindow(0, 0),
                        o -> o.withRule((row, q, k) -> k == q)));
        cases.add(sinks());
        cases.add(headNorms());
        cases.add(projectionNorms());
        cases.add(valueDim());
        cases.add(fused("queries, keys, values", FusedHeadLayout.QUERY_KEY_VALUE));
        cases.add(fused("grouped", FusedHeadLayout.GROUPED));
        cases.add(segments());
        cases.add(biasAndMask());
        cases.add(cross("cross", false));
        cases.add(cross("cross, padded memory", true));
        return cases;
    }

    private static Var[] threeProjections(Scope p, Var x, Var memory) {
        return new Var[] {
            OracleHeads.splitHeads(p.linear("query", x), H),
            OracleHeads.splitHeads(p.linear("key", memory), K),
            OracleHeads.splitHeads(p.linear("value", memory), K)
        };
    }

    private static MultiHeadAttentionBuilder threeProjections() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withoutBias(E, H * D),
                        Linear.withoutBias(E, K * D),
                        Linear.withoutBias(E, K * D),
                        Linear.withBias(H * D, E))
                .setQueryHeads(H)
                .optKeyValueHeads(K);
    }

    private static ParityCase self(
            String variant,
            UnaryOperator<MultiHeadAttentionBuilder> block,
            UnaryOperator<OracleAttentionOptions> options) {
        return builder(
                        variant,
                        () -> block.apply(threeProjections()).build(),
                        AttentionOptionCases::threeProjections,
                        (arrays, p) -> options.apply(OracleAttentionOptions.DEFAULT))
                .build();
    }

    private interface Options {
        OracleAttentionOptions of(Map<String, Var> arrays, Scope p);
    }

    private static ParityCaseBuilder builder(
            String variant, Supplier<MultiHeadAttention> block, Heads heads, Options options) {
        return ParityCase.builder("MultiHeadAttention", variant)
                .setBlock(block)
                .addInput("x", RandomTensors.normal(variant.hashCode(), B, S, E), B, S, E)
                .setFormula(
                        (arrays, parameters) -> {
                            Scope p = Scope.of(parameters);
                            Var x = Scope.get(arrays, "x");
                            Var memory = arrays.getOrDefault("memory", x);
                            Var[] qkv = heads.of(p, x, memory);
                            Var y =
                                    OracleAttention.attention(
                                            qkv[0], qkv[1], qkv[2], options.of(arrays, p));
                            return p.linear("output", OracleHeads.mergeHeads(y));
                        })
                .setTolerance(TERMS, 4, REASON);
    }

    private static ParityCase sinks() {
        return builder(
                        "sinks, causal",
                        () -> threeProjections().optSinks(true).optCausal(true).build(),
                        AttentionOptionCases::threeProjections,
                        (arrays, p) ->
                                OracleAttentionOptions.DEFAULT
                                        .withCausal()
                                        .withSinks(p.required("sinks")))
                .optParameter("sinks", new double[] {0.5, -1, 2, 0})
                .build();
    }

    private static RmsNorm rms(int channels) {
        return RmsNorm.builder().setChannels(channels).build();
    }

    private static ParityCase headNorms() {
        return builder(
                        "norms of heads",
                        () -> threeProjections().optHeadNorms(rms(D), rms(D)).build(),
                        (p, x, memory) -> {
                            Var[] qkv = threeProjections(p, x, memory);
                            qkv[0] = p.child("queryNorm").rmsNorm(qkv[0], 1e-6);
                            qkv[1] = p.child("keyNorm").rmsNorm(qkv[1], 1e-6);
                            return qkv;
                        },
                        (arrays, p) -> OracleAttentionOptions.DEFAULT)
                .setTolerance(TERMS + 2 * D, 6, REASON + "; the norms of queries and keys (2)")
                .build();
    }

    private static ParityCase projectionNorms() {
        return builder(
                        "norms of projections",
                        () -> threeProjections().optProjectionNorms(rms(H * D), rms(K * D)).build(),
                        (p, x, memory) ->
                                new Var[] {
                                    OracleHeads.splitHeads(
                                            p.child("queryNorm")
                                                    .rmsNorm(p.linear("query", x), 1e-6),
                                            H),
                                    OracleHeads.splitHeads(
                                            p.child("keyNorm").rmsNorm(p.linear("key", x), 1e-6),
                                            K),
                                    OracleHeads.splitHeads(p.linear("value", x), K)
                                },
                        (arrays, p) -> OracleAttentionOptions.DEFAULT)
                .setTolerance(
                        TERMS + (long) (H + K) * D, 6, REASON + "; the norms of queries, keys (2)")
                .build();
    }

    private static ParityCase valueDim() {
        return builder(
                        "values of 6 channels, keys of 4",
                        () ->
                                MultiHeadAttention.builder()
                                        .setProjections(
                                                Linear.withoutBias(E, H * D),
                                                Linear.withoutBias(E, K * D),
                                                Linear.withoutBias(E, K * 6),
                                                Linear.withBias(H * 6, 10))
                                        .setQueryHeads(H)
                                        .optKeyValueHeads(K)
                                        .build(),
                        AttentionOptionCases::threeProjections,
                        (arrays, p) -> OracleAttentionOptions.DEFAULT)
                .setTolerance(TERMS + 2L * H, 4, REASON)
                .build();
    }

    private static ParityCase fused(String variant, FusedHeadLayout layout) {
        return builder(
                        "fused, " + variant,
                        () ->
                                MultiHeadAttention.builder()
                                        .setFusedProjection(
                                                Linear.withBias(E, (H + 2 * K) * D),
                                                layout,
                                                Linear.withBias(H * D, E))
                                        .setQueryHeads(H)
                                        .optKeyValueHeads(K)
                                        .optCausal(true)
                                        .build(),
                        (p, x, memory) ->
                                new Var[] {
                                    fusedHeads(p, x, H, head -> queryRow(layout, head)),
                                    fusedHeads(p, x, K, head -> keyRow(layout, head, 0)),
                                    fusedHeads(p, x, K, head -> keyRow(layout, head, 1))
                                },
                        (arrays, p) -> OracleAttentionOptions.DEFAULT.withCausal())
                // the part of the bias that keys get moves all scores of a query alike
                .optGradientScale("queryKeyValue.bias", 1)
                .build();
    }

    /** Which head of the fused projection is query head h. */
    private static int queryRow(FusedHeadLayout layout, int head) {
        int group = H / K;
        return layout == FusedHeadLayout.QUERY_KEY_VALUE
                ? head
                : head / group * (group + 2) + head % group;
    }

    /** Which head of the fused projection is key (0) or value (1) head h. */
    private static int keyRow(FusedHeadLayout layout, int head, int value) {
        int group = H / K;
        return layout == FusedHeadLayout.QUERY_KEY_VALUE
                ? H + value * K + head
                : head * (group + 2) + group + value;
    }

    /** Takes the rows of the weight, and the elements of the bias, that belong to the heads. */
    private static Var fusedHeads(Scope p, Var x, int heads, IntUnaryOperator place) {
        int[] rows = new int[heads * D];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = place.applyAsInt(i / D) * D + i % D;
        }
        Scope fused = p.child("queryKeyValue");
        int[] shape = {rows.length};
        Var weight = OracleLinear.embedding(rows, shape, fused.required("weight"));
        Var column = OracleMath.reshape(fused.required("bias"), (H + 2 * K) * D, 1);
        Var bias = OracleMath.reshape(OracleLinear.embedding(rows, shape, column), rows.length);
        return OracleHeads.splitHeads(OracleLinear.linear(x, weight, bias), heads);
    }

    private static ParityCase segments() {
        double[] of = {0, 0, 0, 1, 1, 2, 2, 0, 1, 1, 1, 1, 1, 2};
        return builder(
                        "packed sequences, causal",
                        () -> threeProjections().optCausal(true).build(),
                        AttentionOptionCases::threeProjections,
                        (arrays, p) ->
                                OracleAttentionOptions.DEFAULT
                                        .withCausal()
                                        .withRule(
                                                (row, q, k) -> of[row * S + q] == of[row * S + k]))
                .addParamIntegers("segments", of, B, S)
                .optParams(
                        arrays ->
                                AttentionContext.none()
                                        .withSegments(Scope.get(arrays, "segments"))
                                        .toParams())
                .build();
    }

    private static ParityCase biasAndMask() {
        double[] keep = {1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1};
        return builder(
                        "bias of heads, padding mask",
                        () -> threeProjections().build(),
                        AttentionOptionCases::threeProjections,
                        (arrays, p) ->
                                OracleAttentionOptions.DEFAULT
                                        .withBias(bias(Scope.get(arrays, "bias")))
                                        .withRule((row, q, k) -> keep[row * S + k] != 0))
                .addParamArray("bias", RandomTensors.normal(93, H, S, S), H, S, S)
                .addParamBooleans("keep", keep, B, 1, 1, S)
                .optParams(
                        arrays ->
                                AttentionContext.none()
                                        .withBias(Scope.get(arrays, "bias"))
                                        .withMask(arrays.get("keep"))
                                        .toParams())
                .build();
    }

    private static Var bias(Var threeAxes) {
        return OracleMath.reshape(threeAxes, 1, H, S, S);
    }

    private static ParityCase cross(String variant, boolean padded) {
        double[] keep = {1, 1, 1, 0, 0, 1, 1, 1, 1, 1};
        ParityCaseBuilder builder =
                builder(
                                variant,
                                () ->
                                        MultiHeadAttention.builder()
                                                .setProjections(
                                                        Linear.withoutBias(E, H * D),
                                                        Linear.withoutBias(M, K * D),
                                                        Linear.withBias(M, K * D),
                                                        Linear.withBias(H * D, E))
                                                .setQueryHeads(H)
                                                .optKeyValueHeads(K)
                                                .optCross(true)
                                                .build(),
                                AttentionOptionCases::threeProjections,
                                (arrays, p) ->
                                        OracleAttentionOptions.DEFAULT.withRule(
                                                (row, q, k) -> !padded || keep[row * T + k] != 0))
                        .addInput("memory", RandomTensors.normal(94, B, T, M), B, T, M);
        if (padded) {
            builder.addParamBooleans("keep", keep, B, 1, 1, T)
                    .optParams(
                            arrays ->
                                    AttentionContext.none()
                                            .withMemory(arrays.get("keep"), null)
                                            .toParams());
        }
        return builder.build();
    }
}
