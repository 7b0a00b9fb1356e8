package io.github.djlblocks.parity.cases;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A sequence in pieces through every kind of cache against the formula of the whole. */
class CachePolicyParityTest {

    private static final int B = 2;
    private static final int S = 9;
    private static final int E = 12;
    private static final int H = 4;
    private static final int K = 2;
    private static final int D = 4;
    private static final Shape HIDDEN = new Shape(B, S, E);
    private static final int[][] SPLITS = {
        {1, 1, 1, 1, 1, 1, 1, 1, 1}, {3, 1, 1, 4}, {2, 5, 2}, {8, 1}, {4, 3, 1, 1}
    };

    private final Map<String, Var> parameters = new LinkedHashMap<>();

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void attention_ofAWindow_sameThroughEveryPolicy(NDManager manager, DataType dataType) {
        OracleAttentionOptions.Rule window = (row, q, k) -> k <= q && q - k < 3;
        for (CachePolicy policy :
                List.of(
                        CachePolicy.growing(),
                        CachePolicy.preallocated(S),
                        CachePolicy.preallocated(S + 4),
                        CachePolicy.rolling(3),
                        CachePolicy.rolling(5))) {
            compare(manager, dataType, attention(2), policy, window);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void attention_withoutWindow_takesThatOfARollingCache(NDManager manager, DataType dataType) {
        compare(
                manager,
                dataType,
                attention(-1),
                CachePolicy.rolling(4),
                (row, q, k) -> k <= q && q - k < 4);
        compare(manager, dataType, attention(-1), CachePolicy.rolling(1), (row, q, k) -> k == q);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void attention_rollingWithPrefix_seesTheFirstTokensToo(NDManager manager, DataType dataType) {
        compare(
                manager,
                dataType,
                attention(-1),
                CachePolicy.rolling(3, 2),
                (row, q, k) -> k <= q && (q - k < 3 || k < 2));
    }

    /** The mask is of all tokens that have passed; a rolling cache holds fewer. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void attention_maskOfAllTokens_isCutToThoseHeld(NDManager manager, DataType dataType) {
        double[] keep = new double[B * S];
        for (int i = 0; i < keep.length; i++) {
            keep[i] = i % 7 == 5 || i % 11 == 1 ? 0 : 1;
        }
        Shape shape = new Shape(B, 1, 1, S);
        NDArray mask = RandomTensors.toNDArray(manager, keep, shape, DataType.FLOAT32).gt(0.5f);
        compare(
                manager,
                dataType,
                attention(-1),
                CachePolicy.rolling(3, 2),
                (row, q, k) -> k <= q && (q - k < 3 || k < 2) && keep[row * S + k] != 0,
                mask);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void languageModel_rowsOfTwoLengths_giveWhatEachGivesAlone(
            NDManager manager, DataType dataType) {
        CausalLanguageModel model = model(manager, dataType);
        long[][] rows = {{1, 12, 0, 5, 5, 7, 3}, {2, 9, 11, 4, 6, 8, 10}};
        int[] prompts = {5, 3};
        Tolerance tolerance = modelTolerance(dataType);
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 2, 8)) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            long[] padded = {1, 12, 0, 5, 5, 2, 9, 11, 0, 0};
            run(model, manager, manager.create(padded, new Shape(2, 5)), params).close();
            cache.truncate(5, 3);
            assertThat(cache.lengths()).containsExactly(5, 3);
            for (int step = 0; step < 2; step++) {
                long[] next = {rows[0][prompts[0] + step], rows[1][prompts[1] + step]};
                NDArray ids = manager.create(next, new Shape(2, 1));
                NDArray logits = run(model, manager, ids, params);
                for (int row = 0; row < 2; row++) {
                    long[] alone = Arrays.copyOf(rows[row], prompts[row] + step + 1);
                    NDArray whole =
                            run(
                                    model,
                                    manager,
                                    manager.create(alone, new Shape(1, alone.length)),
                                    null);
                    NDArray last = whole.get(new NDIndex(":, " + (alone.length - 1) + ":, :"));
                    assertThat(logits.get(new NDIndex(row + ":" + (row + 1))))
                            .isCloseTo(last, tolerance);
                }
            }
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void reorder_everyPolicy_rowsContinueAsTheOnesTheyCameFrom(
            NDManager manager, DataType dataType) {
        CausalLanguageModel model = model(manager, dataType);
        for (CachePolicy policy :
                List.of(
                        CachePolicy.growing(),
                        CachePolicy.preallocated(5),
                        CachePolicy.rolling(5))) {
            try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy, policy))) {
                PairList<String, Object> params = new PairList<>();
                params.add(CausalLanguageModel.CACHE, cache);
                long[] prompt = {1, 12, 0, 2, 9, 11};
                run(model, manager, manager.create(prompt, new Shape(2, 3)), params).close();
                cache.reorder(1, 1, 0);
                long[] next = {4, 6, 8};
                NDArray found = run(model, manager, manager.create(next, new Shape(3, 1)), params);

                long[] whole = {2, 9, 11, 4, 2, 9, 11, 6, 1, 12, 0, 8};
                NDArray expected =
                        run(model, manager, manager.create(whole, new Shape(3, 4)), null)
                                .get(new NDIndex(":, 3:, :"));
                assertThat(found).isCloseTo(expected, modelTolerance(dataType));
            }
        }
    }

    @EachEngine(inferenceToo = true)
    void cross_memoryInTheCache_isProjectedOnceAndMayBeLeftOut(NDManager manager) {
        MultiHeadAttention block =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withBias(E, H * D),
                                Linear.withBias(E, K * D),
                                Linear.withBias(E, K * D),
                                Linear.withBias(H * D, E))
                        .setQueryHeads(H)
                        .optKeyValueHeads(K)
                        .optCross(true)
                        .build();
        initialize(block, manager, DataType.FLOAT32);
        NDArray x = random(manager, 5, DataType.FLOAT32);
        NDArray memory = random(manager, 6, DataType.FLOAT32);
        NDArray expected = forward(block, manager, new NDList(x, memory), null);
        try (KeyValueCache cache = KeyValueCache.memory(manager, 1)) {
            PairList<String, Object> params =
                    AttentionContext.none().withMemory(null, cache.slot(0)).toParams();
            assertThat(forward(block, manager, new NDList(x, memory), params)).isExactly(expected);
            // Other values of the same sizes: they are not looked at again.
            NDArray other = random(manager, 7, DataType.FLOAT32);
            assertThat(forward(block, manager, new NDList(x, other), params)).isExactly(expected);
            assertThat(forward(block, manager, new NDList(x), params)).isExactly(expected);
            assertThat(cache.length()).isEqualTo(S);
        }
    }

    private void compare(
            NDManager manager,
            DataType dataType,
            MultiHeadAttention block,
            CachePolicy policy,
            OracleAttentionOptions.Rule rule) {
        compare(manager, dataType, block, policy, rule, null);
    }

    private void compare(
            NDManager manager,
            DataType dataType,
            MultiHeadAttention block,
            CachePolicy policy,
            OracleAttentionOptions.Rule rule,
            @Nullable NDArray mask) {
        double[] values = RandomTensors.rounded(RandomTensors.normal(3, B, S, E), dataType);
        initialize(block, manager, dataType);
        NDArray x = RandomTensors.toNDArray(manager, values, HIDDEN, dataType);
        double[] truth = formula(values, rule).values();
        long terms = E + D + S + (long) H * D;
        Tolerance tolerance = Tolerance.of(dataType, terms, dataType == DataType.FLOAT64 ? 8 : 4);
        for (int[] split : SPLITS) {
            try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy))) {
                AttentionContext context = AttentionContext.none().withCache(cache.slot(0));
                int from = 0;
                NDArray joined = null;
                for (int length : split) {
                    int to = from + length;
                    NDArray seen = mask == null ? null : mask.get(new NDIndex("..., :" + to));
                    NDArray piece = x.get(new NDIndex(":, " + from + ":" + to));
                    NDArray y =
                            forward(
                                    block,
                                    manager,
                                    new NDList(piece),
                                    context.withMask(seen).toParams());
                    joined = joined == null ? y : joined.concat(y, 1);
                    from = to;
                }
                assertThat(joined).isCloseTo(truth, HIDDEN, tolerance);
                assertThat(cache.length()).isEqualTo(S);
            }
        }
    }

    private Var formula(double[] values, OracleAttentionOptions.Rule rule) {
        Scope p = Scope.of(parameters);
        Var x = Var.of(values, B, S, E);
        Var y =
                OracleAttention.attention(
                        OracleHeads.splitHeads(p.linear("query", x), H),
                        OracleHeads.splitHeads(p.linear("key", x), K),
                        OracleHeads.splitHeads(p.linear("value", x), K),
                        OracleAttentionOptions.DEFAULT.withRule(rule));
        return p.linear("output", OracleHeads.mergeHeads(y));
    }

    private static MultiHeadAttention attention(long left) {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, H * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(E, K * D),
                        Linear.withBias(H * D, E))
                .setQueryHeads(H)
                .optKeyValueHeads(K)
                .optCausal(true)
                .optWindow(left, -1)
                .build();
    }

    private CausalLanguageModel model(NDManager manager, DataType dataType) {
        DecoderConfig config =
                DecoderConfig.builder()
                        .setVocabularySize(13)
                        .setHiddenSize(E)
                        .setFeedForwardSize(20)
                        .setLayers(2)
                        .setQueryHeads(H)
                        .setContextLength(S)
                        .optKeyValueHeads(K)
                        .optHeadDim(D)
                        .build();
        CausalLanguageModel model = Decoders.languageModel(config);
        initialize(model, manager, dataType);
        return model;
    }

    /** Both sides may be off: of two layers and the head, twice. */
    private static Tolerance modelTolerance(DataType dataType) {
        long layer = E + D + S + (long) H * D + E + 20 + 2 * E;
        return Tolerance.of(
                dataType, 2 * (2 * layer + 2 * E), dataType == DataType.FLOAT64 ? 8 : 4);
    }

    private static NDArray random(NDManager manager, long seed, DataType dataType) {
        return RandomTensors.toNDArray(
                manager, RandomTensors.normal(seed, B, S, E), HIDDEN, dataType);
    }

    private static NDArray run(
            CausalLanguageModel model,
            NDManager manager,
            NDArray ids,
            @Nullable PairList<String, Object> params) {
        return forward(model, manager, new NDList(ids), params);
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    private static NDArray forward(
            Block block,
            NDManager manager,
            NDList inputs,
            @Nullable PairList<String, Object> params) {
        return block.forward(new ParameterStore(manager, false), inputs, false, params)
                .singletonOrThrow();
    }

    private void initialize(Block block, NDManager manager, DataType dataType) {
        Shape input = block instanceof CausalLanguageModel ? new Shape(B, S) : HIDDEN;
        ParityValues.initialize(block, manager, dataType, input);
        parameters.clear();
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameters.put(
                                        path,
                                        ParityValues.of(path, parameter.getShape(), dataType)));
    }
}
