package io.github.djlblocks.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;

class KernelsTest {

    private static boolean isFinite(NDManager manager, DataType type, double... values) {
        NDArray x = manager.create(values, new Shape(1, values.length)).toType(type, false);
        return Kernels.of(x).isFinite(x);
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void isFinite_numbers_alsoWhereTheirSumOverflows(NDManager manager, DataType type) {
        double huge = type == DataType.FLOAT32 ? Float.MAX_VALUE : Double.MAX_VALUE;

        assertThat(isFinite(manager, type, 1.5, 0, -2)).isTrue();
        assertThat(isFinite(manager, type, huge, huge, huge, -1)).isTrue();
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void isFinite_oneThatIsNoNumber_isFalse(NDManager manager, DataType type) {
        assertThat(isFinite(manager, type, 1, Double.NaN, 2)).isFalse();
        assertThat(isFinite(manager, type, Double.POSITIVE_INFINITY, 3)).isFalse();
        assertThat(isFinite(manager, type, 4, Double.NEGATIVE_INFINITY)).isFalse();
        assertThat(isFinite(manager, type, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY))
                .isFalse();
    }

    @EachEngine(dataTypes = DataType.FLOAT64)
    void argMax_equalValues_givesTheFirst(NDManager manager) {
        NDArray x = manager.create(new double[] {1, 7, 7, 2, 9, 9}, new Shape(2, 1, 3));

        assertThat(Kernels.of(x).argMax(x).toLongArray()).containsExactly(1, 1);
    }
}
