package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.norm.DynamicTanh;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.RotaryFrequencies;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks that cannot be: each is refused when it is built, with both values and the fix. */
class BuilderErrorsTest {

    private static final int E = 10;

    /** Something that must not succeed. */
    @FunctionalInterface
    interface Attempt {
        Object run();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({"sizes", "rotary", "attention", "compositions", "models"})
    void build_impossible_saysWhy(String message, Attempt attempt) {
        assertThatIllegalArgumentException().isThrownBy(attempt::run).withMessage(message);
    }

    private static Arguments refused(String message, Attempt attempt) {
        return arguments(message, attempt);
    }

    static Stream<Arguments> sizes() {
        return Stream.of(
                refused("inputs (0) must be at least 1", () -> Linear.withBias(0, 3)),
                refused("outputs (-2) must be at least 1", () -> Linear.withoutBias(3, -2)),
                refused("vocabularySize (0) must be at least 1", () -> TokenEmbedding.of(0, 3)),
                refused("hiddenSize (0) must be at least 1", () -> TokenEmbedding.of(3, 0)),
                refused("channels (0) must be at least 1", () -> RmsNorm.builder().build()),
                refused("channels (0) must be at least 1", () -> LayerNorm.builder().build()),
                refused(
                        "channels (-1) must be at least 1",
                        () -> DynamicTanh.builder().setChannels(-1).build()),
                refused(
                        "epsilon (0.0) must be a finite number above 0",
                        () -> RmsNorm.builder().setChannels(E).optEpsilon(0).build()),
                refused(
                        "epsilon (-1.0E-5) must be a finite number above 0",
                        () -> LayerNorm.builder().setChannels(E).optEpsilon(-1e-5).build()),
                refused(
                        "epsilon (NaN) must be a finite number above 0",
                        () -> RmsNorm.builder().setChannels(E).optEpsilon(Double.NaN).build()),
                refused(
                        "initialAlpha (Infinity) must be finite",
                        () ->
                                DynamicTanh.builder()
                                        .setChannels(E)
                                        .optInitialAlpha(Double.POSITIVE_INFINITY)
                                        .build()),
                refused(
                        "unitOffset (true) needs a weight (false): it is the weight that 1 is"
                                + " added to",
                        () ->
                                RmsNorm.builder()
                                        .setChannels(E)
                                        .optUnitOffset(true)
                                        .optWeight(false)
                                        .build()),
                refused("maxNewTokens (0) must be at least 1", () -> GenerationOptions.of(0)));
    }

    static Stream<Arguments> rotary() {
        double[] four = {1, 0.1, 0.01, 0.001};
        return Stream.of(
                refused("headDim (0) must be at least 1", () -> RotaryEmbedding.builder().build()),
                refused(
                        "headDim (5) must be even: rotary embedding pairs its channels",
                        () -> RotaryEmbedding.builder().setHeadDim(5).build()),
                refused(
                        "rotaryDim (3) must be even: rotary embedding pairs its channels",
                        () -> RotaryEmbedding.builder().setHeadDim(6).optRotaryDim(3).build()),
                refused(
                        "rotaryDim (8) must not exceed headDim (6)",
                        () -> RotaryEmbedding.builder().setHeadDim(6).optRotaryDim(8).build()),
                refused(
                        "rotaryDim (8) must not exceed headDim (6)",
                        () ->
                                RotaryEmbedding.of(
                                        6, new RotarySpec(four, RotaryLayout.INTERLEAVED, 1))),
                refused(
                        "rotaryDim (0) must be at least 1",
                        () -> RotaryEmbedding.builder().setHeadDim(6).optRotaryDim(0).build()),
                refused(
                        "ropeTheta (0.0) must be a finite number above 0",
                        () -> RotaryEmbedding.builder().setHeadDim(6).optTheta(0).build()),
                refused(
                        "inverseFrequencies is empty: rotary embedding needs at least one pair of"
                                + " channels",
                        () -> new RotarySpec(new double[0], RotaryLayout.HALF_SPLIT, 1)),
                refused(
                        "attentionFactor (-1.0) must be a finite number above 0",
                        () -> new RotarySpec(four, RotaryLayout.HALF_SPLIT, -1)),
                refused(
                        "highFrequencyFactor (1.0) must be above lowFrequencyFactor (4.0)",
                        () -> RotaryFrequencies.llama3(four, 8, 4, 1, 8192)),
                refused(
                        "originalContext (0) must be at least 1",
                        () -> RotaryFrequencies.llama3(four, 8, 1, 4, 0)));
    }

    private static MultiHeadAttentionBuilder heads(int query, int key, int value, int output) {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, query),
                        Linear.withBias(E, key),
                        Linear.withBias(E, value),
                        Linear.withBias(output, E));
    }

    static Stream<Arguments> attention() {
        Linear square = Linear.withBias(12, 12);
        return Stream.of(
                refused(
                        "the query projection is missing: call setProjections",
                        () -> MultiHeadAttention.builder().setQueryHeads(2).build()),
                refused("queryHeads (0) must be at least 1", () -> heads(12, 12, 12, 12).build()),
                refused(
                        "keyValueHeads (0) must be at least 1",
                        () -> heads(12, 12, 12, 12).setQueryHeads(2).optKeyValueHeads(0).build()),
                refused(
                        "queryHeads (4) must be a multiple of keyValueHeads (3)",
                        () -> heads(12, 12, 12, 12).setQueryHeads(4).optKeyValueHeads(3).build()),
                refused(
                        "query gives 12 channels, which queryHeads (5) does not divide",
                        () -> heads(12, 10, 10, 12).setQueryHeads(5).build()),
                refused(
                        "value gives 7 channels, which keyValueHeads (2) does not divide",
                        () -> heads(12, 6, 7, 12).setQueryHeads(4).optKeyValueHeads(2).build()),
                refused(
                        "query has 3 channels a head but key has 4: their product needs the same",
                        () -> heads(12, 8, 8, 12).setQueryHeads(4).optKeyValueHeads(2).build()),
                refused(
                        "output takes 12 channels but 4 heads of 5 channels give 20",
                        () -> heads(12, 6, 10, 12).setQueryHeads(4).optKeyValueHeads(2).build()),
                refused(
                        "query, key and value take 10, 12 and 12 channels: self-attention gives"
                                + " all three the same input",
                        () ->
                                MultiHeadAttention.builder()
                                        .setProjections(
                                                Linear.withBias(E, 12),
                                                square,
                                                Linear.withBias(12, 12),
                                                Linear.withBias(12, E))
                                        .setQueryHeads(2)
                                        .build()),
                refused(
                        "rotary embedding for headDim (8) does not fit heads of 6 channels",
                        () ->
                                heads(12, 12, 12, 12)
                                        .setQueryHeads(2)
                                        .optRotary(RotaryEmbedding.builder().setHeadDim(8).build())
                                        .build()),
                refused(
                        "scale (0.0) must be a finite number above 0",
                        () -> heads(12, 12, 12, 12).setQueryHeads(2).optScale(0).build()),
                refused(
                        "scale (Infinity) must be a finite number above 0",
                        () -> AttentionSpec.of(Double.POSITIVE_INFINITY)));
    }

    static Stream<Arguments> compositions() {
        Block norm = TestBlocks.rmsNorm();
        Residual narrowing = Residual.pre(norm, Linear.withBias(E, 4));
        Residual renorming = Residual.post(Linear.withBias(E, 7), Linear.withBias(E, E));
        Shape[] x = {new Shape(2, 3, E)};
        return Stream.of(
                refused(
                        "gate (10 to 14) and up (10 to 12) must have the same sizes",
                        () ->
                                GatedFeedForward.of(
                                        Linear.withBias(E, 14),
                                        Linear.withBias(E, 12),
                                        Linear.withBias(14, E))),
                refused(
                        "down takes 13 channels but gate and up give 14",
                        () ->
                                GatedFeedForward.of(
                                        Linear.withBias(E, 14),
                                        Linear.withBias(E, 14),
                                        Linear.withBias(13, E))),
                refused(
                        "a residual connection keeps the shape of its input (2, 3, 10), but its"
                                + " sublayer gives (2, 3, 4)",
                        () -> narrowing.getOutputShapes(x)),
                refused(
                        "a residual connection keeps the shape of its input (2, 3, 10), but its"
                                + " norm gives (2, 3, 7)",
                        () -> renorming.getOutputShapes(x)),
                refused(
                        "alpha (0.0) must be a finite number above 0",
                        () -> new DeepNorm.Constants(0, 1)),
                refused(
                        "beta (-0.5) must be a finite number above 0",
                        () -> new DeepNorm.Constants(1, -0.5)),
                refused("layers (0) must be at least 1", () -> DeepNorm.Constants.decoderOnly(0)),
                refused(
                        "decoderLayers (0) must be at least 1",
                        () -> DeepNorm.Constants.encoder(6, 0)));
    }

    private static CausalLanguageModelBuilder model() {
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(11, E))
                .setLayers(List.of(TestBlocks.layer()));
    }

    private static DecoderConfig.Builder config() {
        return DecoderConfig.builder()
                .setVocabularySize(11)
                .setHiddenSize(12)
                .setFeedForwardSize(14)
                .setLayers(2)
                .setQueryHeads(4)
                .setContextLength(16)
                .optHeadDim(6);
    }

    static Stream<Arguments> models() {
        String incomplete =
                "a language model needs an embedding and at least one layer: call setEmbedding and"
                        + " setLayers";
        return Stream.of(
                refused(incomplete, () -> CausalLanguageModel.builder().build()),
                refused(incomplete, () -> model().setLayers(List.of()).build()),
                refused("contextLength (0) must be at least 1", () -> model().build()),
                refused(
                        "head takes 9 channels but hiddenSize is 10",
                        () ->
                                model().setContextLength(8)
                                        .optHead(Linear.withoutBias(9, 11))
                                        .build()),
                refused(
                        "vocabularySize (0) must be at least 1",
                        () -> config().setVocabularySize(0).build()),
                refused(
                        "feedForwardSize (-3) must be at least 1",
                        () -> config().setFeedForwardSize(-3).build()),
                refused("layers (0) must be at least 1", () -> config().setLayers(0).build()),
                refused(
                        "queryHeads (4) must be a multiple of keyValueHeads (3)",
                        () -> config().optKeyValueHeads(3).build()),
                refused(
                        "headDim (5) must be even: rotary embedding pairs its channels",
                        () -> config().optHeadDim(5).build()),
                refused(
                        "rotaryDim (6) must not exceed headDim (4)",
                        () ->
                                config().optHeadDim(4)
                                        .optRotary(
                                                new RotarySpec(
                                                        new double[3], RotaryLayout.HALF_SPLIT, 1))
                                        .build()),
                refused(
                        "normEpsilon (0.0) must be a finite number above 0",
                        () -> config().optNormEpsilon(0).build()),
                refused(
                        "hiddenSize (13) is not divisible by queryHeads (4): set headDim",
                        () -> DecoderConfig.builder().setHiddenSize(13).setQueryHeads(4).build()));
    }
}
