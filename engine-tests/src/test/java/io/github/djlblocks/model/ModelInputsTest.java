package io.github.djlblocks.model;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.RotaryAxes;
import io.github.djlblocks.position.RotaryEmbedding;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Inputs and params of models beyond ids alone. */
class ModelInputsTest {

    private static final int S = 4;
    private static final long[] IDS = {3, 1, 7, 10, 0, 9, 2, 5};

    /** Both sides may be off: of two layers and the head, the longest sums of 20 terms. */
    private static final Tolerance TWO_PASSES = Tolerance.of(DataType.FLOAT32, 20, 2 * 4.0 * 18);

    private static CausalLanguageModel model(NDManager manager, RotarySpec rotary) {
        CausalLanguageModel model =
                Decoders.languageModel(
                        DecoderConfig.builder()
                                .setVocabularySize(11)
                                .setHiddenSize(12)
                                .setFeedForwardSize(20)
                                .setLayers(2)
                                .setQueryHeads(2)
                                .setContextLength(9)
                                .optKeyValueHeads(1)
                                .optRotary(rotary)
                                .build());
        model.initialize(manager, DataType.FLOAT32, new Shape(2, S));
        return model;
    }

    private static CausalLanguageModel model(NDManager manager) {
        return model(manager, RotaryEmbedding.builder().setHeadDim(6).build().getSpec());
    }

    private static NDArray ids(NDManager manager) {
        return manager.create(IDS, new Shape(2, S));
    }

    private static NDArray run(Block model, PairList<String, Object> params, NDArray... inputs) {
        ParameterStore store = new ParameterStore(inputs[0].getManager(), false);
        return model.forward(store, new NDList(inputs), false, params).get(0);
    }

    private static PairList<String, Object> param(String name, Object value) {
        PairList<String, Object> params = new PairList<>();
        params.add(name, value);
        return params;
    }

    @EachEngine(leavesNothingOpen = true)
    void languageModel_maskOfScores_isThatOfItsPadding(NDManager manager) {
        CausalLanguageModel model = model(manager);
        PairList<String, Object> none = new PairList<>();
        long[] tokens = {0, 0, 1, 1, 1, 1, 1, 1};
        NDArray padding = manager.create(tokens, new Shape(2, S));
        NDArray look = padding.toType(DataType.BOOLEAN, true).reshape(2, 1, 1, S);
        float[] added = new float[tokens.length];
        for (int i = 0; i < added.length; i++) {
            added[i] = tokens[i] == 0 ? Float.NEGATIVE_INFINITY : 0;
        }
        NDArray scores = manager.create(added, new Shape(2, 1, 1, S));
        NDArray expected = run(model, none, ids(manager), padding);

        assertThat(run(model, none, ids(manager), look)).isExactly(expected);
        assertThat(run(model, none, ids(manager), scores)).isExactly(expected);
        assertThat(run(model, none, ids(manager)).toFloatArray())
                .isNotEqualTo(expected.toFloatArray());
    }

    @EachEngine(leavesNothingOpen = true)
    void languageModel_maskOfScoresPerHeadWithACache_coversWhatHasPassed(NDManager manager) {
        CausalLanguageModel model = model(manager);
        // Each of the two heads is kept from another key.
        boolean[] look = new boolean[2 * S * S];
        for (int i = 0; i < look.length; i++) {
            look[i] = i % S != (i < S * S ? 1 : 2) || i / S % S == i % S;
        }
        NDArray mask = manager.create(look, new Shape(1, 2, S, S));
        NDArray ids = ids(manager);
        NDArray whole = run(model, new PairList<>(), ids, mask);
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            PairList<String, Object> params = param(CausalLanguageModel.CACHE, cache);
            run(model, params, ids.get(":, :3"), mask.get("..., :3, :3"));
            NDArray last = run(model, params, ids.get(":, 3:"), mask.get("..., 3:, :"));
            assertThat(last).isCloseTo(whole.get(":, 3:"), TWO_PASSES);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void languageModel_positionsOfSeveralAxes_turnsEachPairByItsOwn(NDManager manager) {
        RotaryEmbedding.Builder builder = RotaryEmbedding.builder().setHeadDim(6);
        CausalLanguageModel plain = model(manager, builder.build().getSpec());
        RotarySpec axes = builder.optAxes(RotaryAxes.sections(1, 1, 1)).build().getSpec();
        CausalLanguageModel model = model(manager, axes);
        NDArray mask = manager.ones(new Shape(2, S), DataType.INT64);
        // The weights are those of the other model; only the positions differ.
        for (int i = 0; i < plain.getParameters().size(); i++) {
            NDArray from = plain.getParameters().valueAt(i).getArray();
            from.copyTo(model.getParameters().valueAt(i).getArray());
        }
        long[] same = {0, 1, 2, 3, 4, 5, 6, 7};
        NDArray one = manager.create(same, new Shape(2, S));
        NDArray three = one.stack(one).concat(one.expandDims(0), 0);
        PairList<String, Object> none = new PairList<>();
        NDArray expected = run(plain, none, ids(manager), mask, one);
        assertThat(run(model, none, ids(manager), mask, three)).isExactly(expected);

        // Axis 1 moved as a whole: a rotation is of distances, so nothing changes but rounding.
        NDArray moved = one.stack(one.add(3)).concat(one.expandDims(0), 0);
        assertThat(run(model, none, ids(manager), mask, moved)).isCloseTo(expected, TWO_PASSES);
        // Axis 1 stretched: distances differ.
        NDArray stretched = one.stack(one.mul(3)).concat(one.expandDims(0), 0);
        assertThat(run(model, none, ids(manager), mask, stretched).toFloatArray())
                .isNotEqualTo(expected.toFloatArray());
    }

    @EachEngine(leavesNothingOpen = true)
    void params_ofAnotherType_namesBoth(NDManager manager) {
        CausalLanguageModel model = model(manager);
        NDArray ids = ids(manager);
        refuses(
                () -> run(model, param(CausalLanguageModel.CACHE, "growing"), ids),
                "param keyValueCache is a String, expected a KeyValueCache");
        refuses(
                () -> run(model, param(CausalLanguageModel.HIDDEN_STATES, "true"), ids),
                "param outputHiddenStates is a String, expected a Boolean");
        Encoder encoder = seq2seq(manager).getEncoder();
        refuses(
                () -> run(encoder, param(Encoder.POSITIONS, 3), ids),
                "param positions is an Integer, expected an NDArray");
    }

    @EachEngine(leavesNothingOpen = true)
    void tokens_none_saysSo(NDManager manager) {
        NDArray empty = manager.zeros(new Shape(2, 0), DataType.INT64);
        String message = "the input (2, 0) has no token: give at least one";
        refuses(() -> run(model(manager), new PairList<>(), empty), message);
        refuses(() -> run(seq2seq(manager).getEncoder(), new PairList<>(), empty), message);
    }

    @EachEngine(leavesNothingOpen = true)
    void seq2seq_masksOfOtherRank_namesTheLayout(NDManager manager) {
        Seq2SeqDecoder decoder = seq2seq(manager).getDecoder();
        NDArray memory = manager.ones(new Shape(2, 3, 8));
        NDArray mask = manager.ones(new Shape(2, 3), DataType.INT64);
        NDArray flat = manager.ones(new Shape(2), DataType.INT64);
        NDArray three = manager.ones(new Shape(2, S, S), DataType.INT64);
        String layout = "ids (B, S), memory (B, T, M), memory mask (B, T), attention mask (B, P)";
        PairList<String, Object> none = new PairList<>();
        refuses(
                () -> run(decoder, none, ids(manager), memory, flat),
                "Seq2SeqDecoder: input (2) has 1 axes, expected 2: " + layout);
        refuses(
                () -> run(decoder, none, ids(manager), memory, mask, three),
                "Seq2SeqDecoder: input (2, 4, 4) has 3 axes, expected 2: " + layout);
    }

    private static EncoderDecoder seq2seq(NDManager manager) {
        StackConfig stack =
                StackConfig.builder()
                        .setHiddenSize(8)
                        .setFeedForwardSize(12)
                        .setLayers(1)
                        .setHeads(2)
                        .build();
        EmbeddingConfig embedding =
                EmbeddingConfig.builder().setVocabularySize(11).setContextLength(9).build();
        EncoderConfig half = new EncoderConfig(embedding, stack);
        EncoderDecoder model =
                EncoderDecoders.model(new Seq2SeqConfig(half, half, true, true, 1, false));
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3), new Shape(2, S));
        return model;
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
