package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.OracleRmsNormOptions;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;

/** Norms of bfloat16, which one row and many rows compute by different calls. */
class CompiledNormTest {

    /** Weighs as much as the squares of values of a tenth. */
    private static final double EPSILON = 0.01;

    /** Half the distance between neighbours, and what float32 adds. */
    private static final double ONE_ROUNDING = 0x1p-8 * 1.001;

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_oneRowOfBfloat16_isRoundedOnce(NDManager manager) {
        isRoundedOnce(manager, 1, 1, 12);
        isRoundedOnce(manager, 1, 1, 577);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_rowsOfBfloat16_areRoundedOnce(NDManager manager) {
        isRoundedOnce(manager, 1, 3, 12);
        isRoundedOnce(manager, 40, 1, 577);
    }

    private static void isRoundedOnce(NDManager manager, long... shape) {
        int channels = Math.toIntExact(shape[shape.length - 1]);
        double[] x = bfloat16(tenths(RandomTensors.normal(1, shape)));
        double[] weight = bfloat16(RandomTensors.normal(2, channels));
        double[] expected = expected(x, weight, shape);

        NDArray actual = compiled(manager, x, weight, shape);

        assertThat(actual.getShape()).isEqualTo(new Shape(shape));
        float[] values = actual.toFloatArray();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) values[i])
                    .as("%s at %d", Arrays.toString(shape), i)
                    .isCloseTo(expected[i], offset(ONE_ROUNDING * Math.abs(expected[i])));
        }
    }

    private static NDArray compiled(NDManager manager, double[] x, double[] weight, long... shape) {
        RmsNorm norm = RmsNorm.builder().setChannels(weight.length).optEpsilon(EPSILON).build();
        norm.setInitializer(
                (owner, of, type) -> RandomTensors.toNDArray(owner, weight, of, type),
                parameter -> true);
        norm.freezeParameters(true);
        norm.initialize(manager, DataType.FLOAT32, new Shape(shape));
        TorchScript.compile(
                norm,
                manager,
                CompileOptions.defaults().withWeights(WeightFormat.BFLOAT16).demanded());
        NDArray given = RandomTensors.toNDArray(manager, x, new Shape(shape), DataType.FLOAT32);
        return Twins.forward(norm, new NDList(given), null).get(0);
    }

    private static double[] expected(double[] x, double[] weight, long... shape) {
        int[] extents = Arrays.stream(shape).mapToInt(Math::toIntExact).toArray();
        return OracleNorms.rmsNorm(
                        Var.of(x, extents),
                        Var.of(weight, weight.length),
                        EPSILON,
                        OracleRmsNormOptions.DEFAULT)
                .values();
    }

    private static double[] tenths(double[] values) {
        return Arrays.stream(values).map(value -> value / 10).toArray();
    }

    private static double[] bfloat16(double[] values) {
        return RandomTensors.rounded(values, DataType.BFLOAT16);
    }
}
