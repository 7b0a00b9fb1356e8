package io.github.djlblocks.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import java.util.Arrays;

/** What stands in on one engine gives what the others have of their own. */
class EngineGapsTest {

    private static final double INFINITY = Double.POSITIVE_INFINITY;

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void where_infinitiesAndNaN_eachFromItsOwnSideAlone(NDManager manager, DataType type) {
        NDArray chosen = array(manager, type, 1, 1.5, INFINITY, 3, Double.NaN, -INFINITY, 0);
        NDArray otherwise = array(manager, type, INFINITY, -2, 4, -INFINITY, 5, 6, Double.NaN);
        NDArray condition = EngineGaps.gt(array(manager, type, 1, 0, 1, 0, 1, 0, 0), 0.5);

        assertThat(doubles(EngineGaps.where(condition, chosen, otherwise)))
                .containsExactly(1, -2, INFINITY, -INFINITY, Double.NaN, 6, Double.NaN);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void comparisons_withNumbersOfAnyType_sayWhatTheNumbersSay(NDManager manager, DataType type) {
        NDArray x = array(manager, type, -1, 0.5, 2);

        assertThat(doubles(EngineGaps.gt(x, 0.5))).containsExactly(0, 0, 1);
        assertThat(doubles(EngineGaps.gte(x, 0.5f))).containsExactly(0, 1, 1);
        assertThat(doubles(EngineGaps.lt(x, 2))).containsExactly(1, 1, 0);
        assertThat(doubles(EngineGaps.lte(x, 0.5))).containsExactly(1, 1, 0);
        assertThat(doubles(EngineGaps.neq(x, 2L))).containsExactly(1, 1, 0);
    }

    @EachEngine(inferenceToo = true)
    void neq_integers_sayWhereTheyDiffer(NDManager manager) {
        assertThat(doubles(EngineGaps.neq(manager.create(new long[] {0, 3, -1}), 0)))
                .containsExactly(0, 1, 1);
        assertThat(doubles(EngineGaps.neq(manager.create(new int[] {5, 0, 7}), 5)))
                .containsExactly(0, 1, 1);
    }

    /** In FLOAT32 1 + e^-15 has two bits of e^-15 left, and 1 + e^-20 none. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void softPlusBelow_smallExponentials_keepTheirDigits(NDManager manager, DataType type) {
        double[] x = {0, -0.25, -1, -5, -10, -15, -20, -40, -80};
        double epsilon = type == DataType.FLOAT64 ? 0x1p-52 : 0x1p-23;

        double[] y = doubles(EngineGaps.softPlusBelow(array(manager, type, x)));

        for (int i = 0; i < x.length; i++) {
            double truth = Math.log1p(Math.exp(x[i]));
            assertThat(y[i] / truth).as("of %s", x[i]).isCloseTo(1, within(8 * epsilon));
        }
    }

    @EachEngine(inferenceToo = true)
    void matMul_headsAndTheirTranspose_multipliesWhatTheShapesSay(NDManager manager) {
        float[] numbers = {1, 2, 3, 4, 5, 6, 7, 8};
        // (1, S, H, D) -> (1, H, S, D): head 0 is [1 2; 5 6], head 1 is [3 4; 7 8]
        NDArray heads = manager.create(numbers, new Shape(1, 2, 2, 2)).transpose(0, 2, 1, 3);

        assertThat(doubles(EngineGaps.matMul(heads, heads.transpose(0, 1, 3, 2))))
                .containsExactly(5, 17, 17, 61, 25, 53, 53, 113);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT16, DataType.FLOAT32, DataType.FLOAT64},
            inferenceToo = true)
    void embedding_smallAndLargeTable_givesTheRowsAsTheyAre(NDManager manager, DataType type) {
        for (int rows : new int[] {5, 2001}) {
            NDArray table = manager.arange(0f, 2f * rows, 1f).reshape(rows, 2).toType(type, false);
            NDArray ids = manager.create(new long[] {3, 0, 4, 3}, new Shape(2, 2));

            NDArray found = EngineGaps.embedding(ids, table);

            assertThat(found.getShape()).isEqualTo(new Shape(2, 2, 2));
            assertThat(found.getDataType()).isEqualTo(type);
            assertThat(doubles(found)).containsExactly(6, 7, 0, 1, 8, 9, 6, 7);
        }
    }

    @EachEngine(inferenceToo = true, leavesNothingOpen = true)
    void writeTime_everyPlace_changesTheRowsWrittenAndNothingElse(NDManager manager) {
        float[] zeros = new float[16];
        NDArray next = manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 1, 2, 1));
        for (long[] at : new long[][] {{0, 0}, {3, 3}, {6, 6}, {2}, {0, 6}, {5, 1}}) {
            NDArray buffer = manager.create(zeros, new Shape(2, 1, 8, 1));
            NDArray before = buffer.get(new NDIndex(":, :, 0:8, :")).duplicate();

            PortableKernels.INSTANCE.writeTime(buffer, next, at);

            double[] expected = new double[16];
            for (int row = 0; row < 2; row++) {
                int from = row * 8 + (int) at[at.length == 1 ? 0 : row];
                expected[from] = 1 + 2.0 * row;
                expected[from + 1] = 2 + 2.0 * row;
            }
            assertThat(doubles(buffer)).as(Arrays.toString(at)).containsExactly(expected);
            assertThat(buffer.getShape()).isEqualTo(new Shape(2, 1, 8, 1));
            assertThat(doubles(before)).containsOnly(0);
        }
    }

    private static NDArray array(NDManager manager, DataType type, double... values) {
        return manager.create(values).toType(type, false);
    }

    private static double[] doubles(NDArray array) {
        return array.toType(DataType.FLOAT64, false).toDoubleArray();
    }
}
