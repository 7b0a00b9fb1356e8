package io.github.djlblocks.parity.cases;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;

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
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.oracle.Var;
import java.util.LinkedHashMap;
import java.util.Map;

/** What is computed in pieces with a cache is what one pass, and the formula, give. */
class CacheParityTest {

    private static final int B = 2;
    private static final int S = 7;
    private static final int[][] SPLITS = {
        {1, 1, 1, 1, 1, 1, 1}, {3, 1, 3}, {2, 5}, {6, 1}, {4, 3}
    };

    private static final AttentionShape ATTENTION =
            AttentionShape.of(12, 4, 2, 4)
                    .withBias()
                    .withCausal()
                    .withRotary(RotaryLayout.HALF_SPLIT);

    private final Map<String, Var> parameters = new LinkedHashMap<>();

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void attention_inPieces_givesTheFormulaOfTheWhole(NDManager manager, DataType dataType) {
        MultiHeadAttention block = ATTENTION.block();
        double[] values = RandomTensors.rounded(RandomTensors.normal(3, B, S, 12), dataType);
        initialize(block, manager, dataType, new Shape(B, S, 12));
        NDArray x = RandomTensors.toNDArray(manager, values, new Shape(B, S, 12), dataType);
        Var truth = ATTENTION.formula(Map.of(), Scope.of(parameters), Var.of(values, B, S, 12));
        Tolerance tolerance = tolerance(dataType, ATTENTION.terms(S));

        for (int[] split : SPLITS) {
            try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
                PairList<String, Object> params =
                        AttentionContext.none().withCache(cache.slot(0)).toParams();
                NDArray y = inPieces(block, manager, x, split, params);
                assertThat(y).isCloseTo(truth.values(), new Shape(B, S, 12), tolerance);
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void languageModel_inPieces_givesTheWholePass(NDManager manager, DataType dataType) {
        DecoderConfig config =
                DecoderConfig.builder()
                        .setVocabularySize(13)
                        .setHiddenSize(12)
                        .setFeedForwardSize(20)
                        .setLayers(2)
                        .setQueryHeads(4)
                        .setContextLength(S)
                        .optKeyValueHeads(2)
                        .optHeadDim(4)
                        .build();
        CausalLanguageModel model = Decoders.languageModel(config);
        initialize(model, manager, dataType, new Shape(B, S));
        NDArray ids =
                RandomTensors.toNDArray(
                        manager,
                        new double[] {1, 12, 0, 5, 5, 7, 3, 2, 9, 11, 4, 6, 8, 10},
                        new Shape(B, S),
                        DataType.INT64);
        NDArray whole =
                model.forward(new ParameterStore(manager, false), new NDList(ids), false)
                        .singletonOrThrow();
        // Both sides may be off.
        long layer = ATTENTION.terms(S) + 12 + 20 + 2 * 12;
        Tolerance tolerance = tolerance(dataType, 2 * (2 * layer + 2 * 12));

        for (int[] split : SPLITS) {
            try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
                PairList<String, Object> params = new PairList<>();
                params.add(CausalLanguageModel.CACHE, cache);
                assertThat(inPieces(model, manager, ids, split, params))
                        .isCloseTo(whole, tolerance);
            }
        }
    }

    private static Tolerance tolerance(DataType dataType, long terms) {
        return Tolerance.of(dataType, terms, dataType == DataType.FLOAT64 ? 8 : 4);
    }

    private static NDArray inPieces(
            Block block,
            NDManager manager,
            NDArray x,
            int[] split,
            PairList<String, Object> params) {
        NDList pieces = new NDList();
        int from = 0;
        for (int length : split) {
            int to = from + length;
            NDArray piece = x.get(new NDIndex(":, " + from + ":" + to));
            pieces.addAll(
                    block.forward(
                            new ParameterStore(manager, false), new NDList(piece), false, params));
            from = to;
        }
        NDArray joined = pieces.get(0);
        for (NDArray piece : pieces.subNDList(1)) {
            joined = joined.concat(piece, 1);
        }
        return joined;
    }

    private void initialize(Block block, NDManager manager, DataType dataType, Shape input) {
        ParityValues.initialize(block, manager, dataType, input);
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameters.put(
                                        path,
                                        ParityValues.of(path, parameter.getShape(), dataType)));
    }
}
