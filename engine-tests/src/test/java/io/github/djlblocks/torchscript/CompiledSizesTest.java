package io.github.djlblocks.torchscript;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.position.AlibiBias;
import io.github.djlblocks.position.LearnedPositions;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RelativePositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryScaling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One pass, recorded at one size, serves the others. */
class CompiledSizesTest {

    private static final int E = Twins.E;
    private static final int H = 4;
    private static final int D = 4;
    private static final int TRAINED = 8;

    /** Around the trained length of 8 and the window of 4; the first is the recorded one. */
    private static final int[] LENGTHS = {5, 2, 3, 4, 7, 8, 9, 12, 30, 6};

    private static Map<String, Supplier<CausalLanguageModel>> models() {
        Map<String, Supplier<CausalLanguageModel>> models = new LinkedHashMap<>();
        Map<String, RotaryScaling> scalings = new LinkedHashMap<>();
        scalings.put("rope", RotaryScaling.none());
        scalings.put("linear", RotaryScaling.linear(2));
        scalings.put("dynamic NTK", RotaryScaling.dynamicNtk(3, TRAINED));
        scalings.put("YaRN", RotaryScaling.yarn(4, TRAINED));
        scalings.put(
                "LongRoPE",
                RotaryScaling.longRope(List.of(1.0, 1.5), List.of(2.0, 5.0), TRAINED, 1.2));
        scalings.forEach(
                (name, scaling) ->
                        models.put(name, () -> model(attention(), rotary(scaling), null, null)));
        models.put("ALiBi", () -> model(attention(), null, AlibiBias.causal(H), null));
        models.put(
                "buckets",
                () ->
                        model(
                                attention(),
                                null,
                                RelativePositionBias.of(H, new BucketSpec(8, 16, false)),
                                null));
        models.put(
                "window",
                () ->
                        model(
                                attention().optWindow(3, -1),
                                rotary(RotaryScaling.none()),
                                null,
                                null));
        models.put(
                "sinks and softcap",
                () -> model(attention().optSinks(true).optSoftcap(2), null, null, null));
        models.put(
                "learned positions",
                () -> model(attention(), null, null, LearnedPositions.of(64, E)));
        return models;
    }

    private static RotaryEmbedding rotary(RotaryScaling scaling) {
        return RotaryEmbedding.builder().setHeadDim(D).optTheta(100).optScaling(scaling).build();
    }

    private static MultiHeadAttentionBuilder attention() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, H * D),
                        Linear.withBias(E, 2 * D),
                        Linear.withBias(E, 2 * D),
                        Linear.withBias(H * D, E))
                .setQueryHeads(H)
                .optKeyValueHeads(2)
                .optCausal(true);
    }

    private static CausalLanguageModel model(
            MultiHeadAttentionBuilder attention,
            @Nullable RotaryEmbedding rotary,
            @Nullable PositionBias bias,
            @Nullable KernelBlock positions) {
        if (rotary != null) {
            attention.optRotary(rotary);
        }
        List<DecoderLayer> layers = new ArrayList<>();
        layers.add(
                DecoderLayer.of(
                        Residual.pre(norm(), attention.build()), Residual.pre(norm(), gated())));
        var model =
                CausalLanguageModel.builder()
                        .setEmbedding(TokenEmbedding.of(Twins.VOCABULARY, E))
                        .setLayers(layers)
                        .setContextLength(64)
                        .optNorm(norm());
        if (rotary != null) {
            model.optRotary(rotary);
        }
        if (bias != null) {
            model.optPositionBias(bias);
        }
        if (positions != null) {
            model.optPositions(positions);
        }
        return model.build();
    }

    private static RmsNorm norm() {
        return RmsNorm.builder().setChannels(E).build();
    }

    private static GatedFeedForward gated() {
        return GatedFeedForward.of(
                Linear.withoutBias(E, 20), Linear.withoutBias(E, 20), Linear.withoutBias(20, E));
    }

    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void languageModel_everyPosition_isRightAtOtherLengths(NDManager manager, DataType dataType) {
        models().forEach(
                        (name, model) -> {
                            Twins<CausalLanguageModel> twins =
                                    Twins.of(model, manager, dataType, new Shape(1, 1));
                            for (int length : LENGTHS) {
                                for (int batch : new int[] {2, 3}) {
                                    NDList ids = new NDList(twins.ids(length, batch, length));
                                    assertThat(twins.compiled(ids, null))
                                            .as("%s, %d x %d", name, batch, length)
                                            .isCloseTo(
                                                    twins.plain(ids, null),
                                                    Twins.tolerance(dataType, 30));
                                }
                            }
                            assertThat(twins.statistics().kinds()).as(name).isEqualTo(1);
                        });
    }

    /** Angles and biases of a longer past come out of the same pass of one token. */
    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void languageModel_everyPosition_isRightFurtherOn(NDManager manager, DataType dataType) {
        models().forEach(
                        (name, model) -> {
                            Twins<CausalLanguageModel> twins =
                                    Twins.of(model, manager, dataType, new Shape(1, 1));
                            try (KeyValueCache cache = KeyValueCache.growing(manager, 1);
                                    KeyValueCache plain = KeyValueCache.growing(manager, 1)) {
                                for (int length : new int[] {3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 9}) {
                                    NDList ids = new NDList(twins.ids(length, 2, length));
                                    assertThat(twins.compiled(ids, params(cache)))
                                            .as("%s, %d more", name, length)
                                            .isCloseTo(
                                                    twins.plain(ids, params(plain)),
                                                    Twins.tolerance(dataType, 30));
                                }
                            }
                            assertThat(twins.statistics().kinds()).as(name).isEqualTo(2);
                        });
    }

    private static PairList<String, Object> params(KeyValueCache cache) {
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        return params;
    }

    /** Of eight experts, one token chooses two: the others are empty, and others each time. */
    @EachEngine(
            engines = "PyTorch",
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            leavesNothingOpen = true)
    void mixture_emptyExperts_areSkipped(NDManager manager, DataType dataType) {
        Twins<MixtureOfExperts> twins =
                Twins.of(CompiledSizesTest::mixture, manager, dataType, new Shape(1, 1, E));
        for (int seed = 0; seed < 12; seed++) {
            for (int length : new int[] {1, 2, 5, 40}) {
                NDList x = new NDList(twins.random(seed, 1, length, E));
                assertThat(twins.compiled(x, null))
                        .as("seed %d, %d tokens", seed, length)
                        .isCloseTo(twins.plain(x, null), Twins.tolerance(dataType, 0));
            }
        }
        assertThat(twins.statistics().kinds()).isEqualTo(2);
    }

    private static MixtureOfExperts mixture() {
        List<GatedFeedForward> experts = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            experts.add(gated());
        }
        Router router =
                Router.builder().setHiddenSize(E).setExperts(8).setExpertsPerToken(2).build();
        return MixtureOfExperts.builder().setRouter(router).setExperts(experts).build();
    }
}
