package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.util.function.DoubleBinaryOperator;

/** What FLOAT16 tells apart: the orders of casts of RMSNorm, to the last bit. */
class NormPrecisionTest {

    private static final int E = 64;
    private static final Shape SHAPE = new Shape(1, E);

    private static double half(double value) {
        return RandomTensors.rounded(new double[] {value}, DataType.FLOAT16)[0];
    }

    private static double[] run(NDManager manager, Block block, double[] x, double[] weight) {
        block.freezeParameters(true);
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) ->
                                                RandomTensors.toNDArray(
                                                        owner, weight, shape, type)));
        block.initialize(manager, DataType.FLOAT16, SHAPE);
        NDArray input = RandomTensors.toNDArray(manager, x, SHAPE, DataType.FLOAT16);
        return HostValues.of(
                block.forward(
                                new ParameterStore(manager, false),
                                new NDList(input),
                                false,
                                new PairList<>())
                        .singletonOrThrow());
    }

    private static double[] expected(double[] x, double[] weight, DoubleBinaryOperator scale) {
        double squares = 0;
        for (double value : x) {
            squares += value * value;
        }
        double[] y = new double[E];
        for (int i = 0; i < E; i++) {
            y[i] = half(scale.applyAsDouble(x[i] / Math.sqrt(squares / E + 1e-6), weight[i]));
        }
        return y;
    }

    private static RmsNorm.Builder builder() {
        return RmsNorm.builder().setChannels(E);
    }

    @EachEngine
    void forward_orderOfCasts_isThatOfTheReference(NDManager manager) {
        double[] x = RandomTensors.rounded(RandomTensors.normal(5, 1, E), DataType.FLOAT16);
        double[] weight =
                RandomTensors.rounded(RandomTensors.uniform(6, 0.5, 1.5, E), DataType.FLOAT16);
        double[] llama = expected(x, weight, (normal, w) -> half(normal) * w);
        double[] olmo = expected(x, weight, (normal, w) -> normal * w);
        double[] gemma = expected(x, weight, (normal, w) -> normal * (1 + w));
        double[] offsetAfter = expected(x, weight, (normal, w) -> half(normal) * half(1 + w));
        assertThat(llama).isNotEqualTo(olmo);
        assertThat(gemma).isNotEqualTo(offsetAfter);

        assertThat(run(manager, builder().build(), x, weight)).containsExactly(llama);
        assertThat(run(manager, builder().optWeightInUpcast(true).build(), x, weight))
                .containsExactly(olmo);
        assertThat(
                        run(
                                manager,
                                builder().optWeightInUpcast(true).optUnitOffset(true).build(),
                                x,
                                weight))
                .containsExactly(gemma);
        assertThat(run(manager, builder().optUnitOffset(true).build(), x, weight))
                .containsExactly(offsetAfter);
    }

    /** The square of 300 is beyond 65504, the largest number of FLOAT16. */
    @EachEngine
    void forward_rowsOf300_needTheUpcast(NDManager manager) {
        double[] x = new double[E];
        double[] ones = new double[E];
        for (int i = 0; i < E; i++) {
            x[i] = i % 2 == 0 ? 300 : -300;
            ones[i] = 1;
        }

        double[] wide = run(manager, builder().build(), x, ones);
        assertThat(wide).containsExactly(expected(x, ones, (normal, w) -> normal));
        assertThat(wide[0]).isEqualTo(1);

        double[] narrow = run(manager, builder().optUpcast(false).build(), x, ones);
        assertThat(narrow).hasSize(E).doesNotContain(1, -1);
    }
}
