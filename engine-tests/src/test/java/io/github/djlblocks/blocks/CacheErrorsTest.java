package io.github.djlblocks.blocks;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.Tolerance;
import java.util.List;
import java.util.Map;

/** Caches and the inputs of a language model that do not fit; a failed pass changes no cache. */
class CacheErrorsTest {

    private static final int E = TestBlocks.E;

    @EachEngine(leavesNothingOpen = true)
    void forward_cacheOfAnotherBatch_namesBothShapes(NDManager manager) {
        CausalLanguageModel model = model(manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            run(model, manager, cache, ids(manager, 2, 3)).close();
            failsAndKeeps(
                    cache,
                    () -> run(model, manager, cache, ids(manager, 3, 1)),
                    "keys of shape (3, 2, 1, 6) do not continue the (2, 2, 3, 6) held for layer 0:"
                            + " batch, heads and channels must be the same; use one cache per"
                            + " batch");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_cacheOfAnotherType_namesBoth(NDManager manager) {
        CausalLanguageModel narrow = model(manager);
        CausalLanguageModel wide = newModel();
        wide.initialize(manager, DataType.FLOAT64, new Shape(1, 1));
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            run(narrow, manager, cache, ids(manager, 2, 3)).close();
            failsAndKeeps(
                    cache,
                    () -> run(wide, manager, cache, ids(manager, 2, 1)),
                    "keys are float64 but the cache of layer 0 holds float32");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_cacheOfAnotherDepth_namesBoth(NDManager manager) {
        CausalLanguageModel model = model(manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 3)) {
            failsAndKeeps(
                    cache,
                    () -> run(model, manager, cache, ids(manager, 2, 3)),
                    "the cache has 3 slots but the model has 2 layers");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> cache.slot(3))
                    .withMessage("layer 3 has no slot in a cache of 3 layers");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyValueCache.growing(manager, 0))
                .withMessage("layers (0) must be at least 1");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_closedCache_saysSo(NDManager manager) {
        CausalLanguageModel model = model(manager);
        for (int passes = 0; passes < 2; passes++) {
            KeyValueCache cache = KeyValueCache.growing(manager, 2);
            if (passes > 0) {
                run(model, manager, cache, ids(manager, 2, 3)).close();
            }
            cache.close();
            assertThatThrownBy(() -> run(model, manager, cache, ids(manager, 2, 1)))
                    .as("%d passes", passes)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the key/value cache is closed: make a new one");
            cache.close();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_outOfRange_namesBoth(NDManager manager) {
        CausalLanguageModel model = model(manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            run(model, manager, cache, ids(manager, 2, 3)).close();
            for (long length : new long[] {4, -1}) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> cache.truncate(length))
                        .withMessage("cannot truncate a cache of 3 tokens to " + length);
            }
            assertThat(cache.length()).isEqualTo(3);
            cache.truncate(0);
            assertThat(cache.length()).isZero();
            assertThat(cache.slot(1).content()).isEmpty();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_thenContinue_asIfTheRestHadNeverBeen(NDManager manager) {
        CausalLanguageModel model = model(manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2);
                KeyValueCache straight = KeyValueCache.growing(manager, 2)) {
            run(model, manager, cache, ids(manager, 2, 5));
            cache.truncate(3);
            run(model, manager, straight, ids(manager, 2, 3));
            NDArray expected = run(model, manager, straight, ids(manager, 2, 1));
            // The keys come from products of 5 rows and of 3, which an engine may sum otherwise:
            // the 18 sums that follow each other, of at most 24 terms, twice.
            assertThat(run(model, manager, cache, ids(manager, 2, 1)))
                    .isCloseTo(expected, Tolerance.of(DataType.FLOAT32, 24, 2 * 4.0 * 18));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_thatFailsInTheSecondLayer_leavesEverySlotAsItWas(NDManager manager) {
        // The second layer is for other channels: it fails after the first has appended.
        DecoderLayer other =
                DecoderLayer.of(
                        Residual.pre(TestBlocks.rmsNorm(), TestBlocks.attention()),
                        Residual.pre(TestBlocks.rmsNorm(), TestBlocks.feedForward()));
        CausalLanguageModel model =
                CausalLanguageModel.builder()
                        .setEmbedding(TokenEmbedding.of(11, E))
                        .setLayers(List.of(TestBlocks.layer(), other))
                        .setContextLength(8)
                        .build();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            run(model, manager, cache, ids(manager, 2, 3)).close();
            List<double[]> before = contents(cache);
            // Parameters of another type are seen only when the second layer runs.
            other.clear();
            other.initialize(manager, DataType.FLOAT64, new Shape(1, 1, E));
            NDArray next = ids(manager, 2, 1);
            int open = LeakGuard.of(manager).openArrays();
            failsAndKeeps(
                    cache,
                    () -> run(model, manager, cache, next),
                    "RmsNorm: input is float32 but parameter weight is float64: initialise or load"
                            + " the block as float32, or cast the input");
            assertThat(LeakGuard.of(manager).openArrays()).isEqualTo(open);
            assertThat(contents(cache)).usingRecursiveComparison().isEqualTo(before);
            assertThat(cache.slot(0).length()).isEqualTo(3);
            assertThat(cache.slot(1).length()).isEqualTo(3);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_inputsOfTheModelThatDoNotFit_areNamed(NDManager manager) {
        CausalLanguageModel model = model(manager);
        NDArray ids = ids(manager, 2, 3);
        String layout = "ids (B, S), attention mask (B, T), positions (B, S)";
        Map<NDList, String> wrong =
                Map.of(
                        new NDList(),
                        "CausalLanguageModel takes 1 to 3 inputs, " + layout + ", got 0",
                        new NDList(ids, ids, ids, ids),
                        "CausalLanguageModel takes 1 to 3 inputs, " + layout + ", got 4",
                        new NDList(manager.zeros(new Shape(3), DataType.INT64)),
                        "CausalLanguageModel: input (3) has 1 axes, expected 2: " + layout,
                        new NDList(manager.zeros(new Shape(2, 3, 4))),
                        "CausalLanguageModel: the last axis of the input (2, 3, 4) must be"
                                + " hiddenSize (10)",
                        new NDList(ids, manager.ones(new Shape(2, 4), DataType.INT64)),
                        "attention mask has shape (2, 4), expected (2, 3): one value for each"
                                + " token, in the mask also for those in the cache",
                        new NDList(ids, manager.ones(new Shape(2, 3))),
                        "attention mask is float32: expected INT64, INT32 or BOOLEAN, 1 where a"
                                + " token stands and 0 where padding stands",
                        new NDList(ids, ids, manager.ones(new Shape(3, 3), DataType.INT64)),
                        "positions has shape (3, 3), expected (2, 3): one value for each token, in"
                                + " the mask also for those in the cache",
                        new NDList(ids, ids, manager.ones(new Shape(2, 3))),
                        "positions are float32 of shape (2, 3): expected INT64 or INT32",
                        new NDList(ids(manager, 1, 9)),
                        "9 tokens do not fit the context of 8 (0 in the cache, 9 new): shorten the"
                                + " prompt or start a new sequence");
        int open = manager.getManagedArrays().size();
        wrong.forEach(
                (inputs, message) ->
                        assertThatIllegalArgumentException()
                                .isThrownBy(() -> TestBlocks.infer(model, manager, inputs))
                                .withMessage(message));
        assertThat(manager.getManagedArrays()).hasSize(open);
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_contextFull_cacheKeepsItsTokens(NDManager manager) {
        CausalLanguageModel model = model(manager);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            run(model, manager, cache, ids(manager, 1, 7)).close();
            failsAndKeeps(
                    cache,
                    () -> run(model, manager, cache, ids(manager, 1, 2)),
                    "9 tokens do not fit the context of 8 (7 in the cache, 2 new): shorten the"
                            + " prompt or start a new sequence");
            run(model, manager, cache, ids(manager, 1, 1)).close();
            assertThat(cache.length()).isEqualTo(8);
        }
    }

    private static void failsAndKeeps(KeyValueCache cache, Runnable pass, String message) {
        long before = cache.length();
        assertThatThrownBy(pass::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThat(cache.length()).isEqualTo(before);
    }

    private static List<double[]> contents(KeyValueCache cache) {
        return List.of(
                HostValues.of(cache.slot(0).content().get(0)),
                HostValues.of(cache.slot(0).content().get(1)),
                HostValues.of(cache.slot(1).content().get(0)),
                HostValues.of(cache.slot(1).content().get(1)));
    }

    private static CausalLanguageModel newModel() {
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(11, E))
                .setLayers(List.of(TestBlocks.layer(), TestBlocks.layer()))
                .setContextLength(8)
                .optHead(Linear.withoutBias(E, 11))
                .build();
    }

    private static CausalLanguageModel model(NDManager manager) {
        CausalLanguageModel model = newModel();
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
        return model;
    }

    private static NDArray ids(NDManager manager, int batch, int length) {
        long[][] ids = new long[batch][length];
        for (int row = 0; row < batch; row++) {
            for (int s = 0; s < length; s++) {
                ids[row][s] = (3L * row + 2L * s + 1) % 11;
            }
        }
        return manager.create(ids);
    }

    private static NDArray run(
            CausalLanguageModel model, NDManager manager, KeyValueCache cache, NDArray ids) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return model.forward(new ParameterStore(manager, false), new NDList(ids), false, params)
                .get(0);
    }
}
