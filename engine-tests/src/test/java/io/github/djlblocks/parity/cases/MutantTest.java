package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RmsNormSpec.EpsilonPlacement;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleActivation;
import io.github.djlblocks.parity.oracle.OracleAttention;
import io.github.djlblocks.parity.oracle.OracleAttentionOptions;
import io.github.djlblocks.parity.oracle.OracleHeads;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.Var;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Wrong blocks and wrong formulas, each of which the comparisons must catch. */
class MutantTest {

    private static final int S = 5;
    private static final AttentionShape GROUPED = AttentionShape.of(12, 4, 2, 4);

    @EachEngine
    void rmsNorm_epsilonOutsideTheRoot_isCaught(EngineUnderTest engine) {
        assertCaught(
                find("RmsNorm: inside root, epsilon 0.3")
                        .withBlock(
                                () ->
                                        RmsNorm.builder()
                                                .setChannels(24)
                                                .optEpsilon(0.3)
                                                .optEpsilonPlacement(EpsilonPlacement.OUTSIDE_ROOT)
                                                .build()),
                engine);
    }

    @EachEngine
    void rmsNorm_epsilonForgotten_isCaughtOnSmallInputs(EngineUnderTest engine) {
        ParityCase small = find("RmsNorm: default").withScaledInputs(1e-3);
        assertRight(small, engine);

        assertCaught(
                small.withBlock(() -> RmsNorm.builder().setChannels(24).optEpsilon(1e-30).build()),
                engine);
    }

    @EachEngine
    void rotary_interleavedForHalfSplit_isCaught(EngineUnderTest engine) {
        assertCaught(
                find("RotaryEmbedding: half split")
                        .withBlock(
                                () ->
                                        RotaryEmbedding.builder()
                                                .setHeadDim(8)
                                                .optLayout(RotaryLayout.INTERLEAVED)
                                                .build()),
                engine);
    }

    @EachEngine
    void attention_headsGroupedByRemainder_isCaught(EngineUnderTest engine) {
        assertRight(attention(GROUPED, h -> h / 2, OracleAttentionOptions.DEFAULT), engine);

        assertCaught(attention(GROUPED, h -> h % 2, OracleAttentionOptions.DEFAULT), engine);
    }

    @EachEngine
    void attention_causalMaskOffByOne_isCaught(EngineUnderTest engine) {
        AttentionShape causal = GROUPED.withCausal();
        OracleAttentionOptions options = OracleAttentionOptions.DEFAULT;
        assertRight(attention(causal, h -> h / 2, options.withKeep(below(0), 1, 1, S, S)), engine);

        assertCaught(
                attention(causal, h -> h / 2, options.withKeep(below(-1), 1, 1, S, S)), engine);
        assertCaught(attention(causal, h -> h / 2, options.withKeep(below(1), 1, 1, S, S)), engine);
    }

    @EachEngine
    void feedForward_tanhFormForTheErrorFunction_isCaught(EngineUnderTest engine) {
        assertCaught(
                find("GatedFeedForward: GELU, no bias")
                        .withBlock(
                                () ->
                                        FeedForwardCases.block(
                                                ActivationFunction.GELU_TANH, false, 12, 20)),
                engine);
    }

    @EachEngine
    void mish_binaryLogarithmOfDjl_isCaught(EngineUnderTest engine) {
        assertCaught(
                ParityCase.builder("Mish", "of DJL")
                        .setBlock(DjlMish::new)
                        .addInput("x", RandomTensors.uniform(17, -4, 4, 4, 16), 4, 16)
                        .setFormula(
                                (arrays, parameters) ->
                                        OracleActivation.MISH.apply(Scope.get(arrays, "x")))
                        .setTolerance(5, 2, "five elementwise steps, each well conditioned here")
                        .build(),
                engine);
    }

    private static void assertRight(ParityCase parityCase, EngineUnderTest engine) {
        Margin margin = ParityRunner.compareForward(parityCase, engine, DataType.FLOAT32);
        assertThat(margin.isWithin()).as("%s", margin).isTrue();
    }

    /** Output and gradients both give the mutant away. */
    private static void assertCaught(ParityCase mutant, EngineUnderTest engine) {
        Margin margin = ParityRunner.compareForward(mutant, engine, DataType.FLOAT32);
        assertThat(margin.isWithin()).as("%s", margin).isFalse();
        assertThat(ParityRunner.compareGradients(mutant, engine, DataType.FLOAT32).values())
                .anySatisfy(gradient -> assertThat(gradient.isWithin()).isFalse());
    }

    private static ParityCase find(String name) {
        return BlockCases.all().stream()
                .filter(parityCase -> parityCase.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    /** Attention with every key/value head copied for the query heads that are to read it. */
    private static ParityCase attention(
            AttentionShape shape, IntUnaryOperator source, OracleAttentionOptions options) {
        return AttentionCases.plain("mutant", shape, 2, S)
                .setFormula(
                        (arrays, parameters) -> {
                            Scope p = Scope.of(parameters);
                            Var x = Scope.get(arrays, "x");
                            Var q = OracleHeads.splitHeads(p.linear("query", x), 4);
                            Var k = spread(p.linear("key", x), source);
                            Var v = spread(p.linear("value", x), source);
                            Var y = OracleAttention.attention(q, k, v, options);
                            return p.linear("output", OracleHeads.mergeHeads(y));
                        })
                .build();
    }

    /** (B, S, 2 * D) -> (B, 4, S, D), by a linear map that copies, so that gradients follow. */
    private static Var spread(Var x, IntUnaryOperator source) {
        int d = 4;
        double[] copy = new double[4 * d * 2 * d];
        for (int h = 0; h < 4; h++) {
            for (int c = 0; c < d; c++) {
                copy[(h * d + c) * 2 * d + source.applyAsInt(h) * d + c] = 1;
            }
        }
        Var wide = OracleLinear.linear(x, Var.of(copy, 4 * d, 2 * d), null);
        return OracleHeads.splitHeads(wide, 4);
    }

    /** Keys up to the query's own position and {@code offset} more. */
    private static boolean[] below(int offset) {
        boolean[] keep = new boolean[S * S];
        for (int i = 0; i < S; i++) {
            for (int j = 0; j < S; j++) {
                keep[i * S + j] = j <= i + offset;
            }
        }
        return keep;
    }

    private static final class DjlMish extends KernelBlock {

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }

        @Override
        protected NDList compute(
                ParameterStore store,
                NDList inputs,
                boolean training,
                @Nullable PairList<String, Object> params) {
            NDArray x = inputs.singletonOrThrow();
            return new NDList(Activation.mish(x));
        }
    }
}
