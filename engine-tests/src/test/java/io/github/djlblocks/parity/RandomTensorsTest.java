package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RandomTensorsTest {

    // The first two outputs of splitmix64 for seed 1234567, as published with the algorithm's
    // reference implementations: 6457827717110365317 and 3203168211198807973.
    @Test
    void uniform_seed_isTheTopBitsOfSplitMix64() {
        double first = (6457827717110365317L >>> 11) * 0x1p-53;
        double second = (3203168211198807973L >>> 11) * 0x1p-53;

        assertThat(RandomTensors.uniform(1234567, 2, 6, 1, 2))
                .containsExactly(2 + 4 * first, 2 + 4 * second);
    }

    // For 40000 draws the mean lies within 5 / 200 and the mean square within 5 sqrt(2) / 200 of 1.
    @Test
    void normal_manyDraws_haveMeanZeroAndVarianceOne() {
        double[] values = RandomTensors.normal(11, 200, 200);

        assertThat(Arrays.stream(values).average().orElseThrow()).isCloseTo(0, within(0.025));
        assertThat(Arrays.stream(values).map(v -> v * v).average().orElseThrow())
                .isCloseTo(1, within(0.0354));
        assertThat(values).isEqualTo(RandomTensors.normal(11, 40000));
        assertThat(values).isNotEqualTo(RandomTensors.normal(12, 40000));
    }

    @Test
    void dyadic_manyDraws_areAllEighthsFromMinusTwoToTwo() {
        double[] distinct =
                Arrays.stream(RandomTensors.dyadic(5, 2000)).distinct().sorted().toArray();

        assertThat(distinct).hasSize(33).startsWith(-2, -1.875).endsWith(1.875, 2);
        assertThat(Arrays.stream(distinct).map(v -> v * 8)).allMatch(v -> v == Math.rint(v));
        assertThat(RandomTensors.rounded(distinct, DataType.BFLOAT16)).isEqualTo(distinct);
    }

    // Between 1 and 2 the halves are 2^-10 apart; 65520 is the tie above the largest, 65504.
    @Test
    void rounded_float16_tiesToEvenAndOverflows() {
        double[] values = {1 + 0x1p-11, 1 + 3 * 0x1p-11, 1 + 0x1.8p-11, 65519, -65520, 0x1.8p-24};

        assertThat(RandomTensors.rounded(values, DataType.FLOAT16))
                .containsExactly(
                        1, 1 + 0x1p-9, 1 + 0x1p-10, 65504, Double.NEGATIVE_INFINITY, 0x1p-23);
    }

    @Test
    void rounded_otherDtypes_keepTheirPrecision() {
        double third = 1 / 3.0;

        assertThat(RandomTensors.rounded(new double[] {third}, DataType.FLOAT64)).contains(third);
        assertThat(RandomTensors.rounded(new double[] {third}, DataType.FLOAT32))
                .contains((float) third);
        // 1/3 is 0b0.01010101...; eight significant bits are 10101011 * 2^-9.
        assertThat(RandomTensors.rounded(new double[] {third}, DataType.BFLOAT16))
                .contains(0b10101011 / 512.0);
    }

    @EachEngine(dataTypes = {DataType.FLOAT16, DataType.FLOAT32, DataType.FLOAT64})
    void toNDArray_floats_holdTheRoundedNumbers(NDManager manager, DataType dataType) {
        double[] values = RandomTensors.normal(3, 2, 3);

        LeakGuard.of(manager)
                .check(
                        () -> {
                            NDArray array =
                                    RandomTensors.toNDArray(
                                            manager, values, new Shape(2, 3), dataType);
                            assertThat(array.getShape()).isEqualTo(new Shape(2, 3));
                            assertThat(array.getDataType()).isEqualTo(dataType);
                            assertThat(HostValues.of(array))
                                    .isEqualTo(RandomTensors.rounded(values, dataType));
                        },
                        1);
    }

    @EachEngine(dataTypes = {DataType.INT32, DataType.INT64})
    void toNDArray_integers_holdTheNumbers(NDManager manager, DataType dataType) {
        double[] values = {-3, 0, 2147483647};
        NDArray array = RandomTensors.toNDArray(manager, values, new Shape(3), dataType);

        assertThat(array.getDataType()).isEqualTo(dataType);
        assertThat(HostValues.of(array)).isEqualTo(values);
    }

    @EachEngine
    void toNDArray_badArguments_nameTheValues(NDManager manager) {
        assertThatThrownBy(
                        () ->
                                RandomTensors.toNDArray(
                                        manager, new double[5], new Shape(2, 3), DataType.FLOAT32))
                .hasMessage("shape (2, 3) holds 6 elements, but 5 values were given");
        assertThatThrownBy(
                        () ->
                                RandomTensors.toNDArray(
                                        manager, new double[1], new Shape(1), DataType.BFLOAT16))
                .hasMessage(
                        "bfloat16 cannot be put on every engine: use one of FLOAT16, FLOAT32,"
                                + " FLOAT64, INT32, INT64");
        assertThatThrownBy(
                        () ->
                                RandomTensors.toNDArray(
                                        manager, new double[] {1.5}, new Shape(1), DataType.INT32))
                .hasMessage("1.5 does not fit the integer dtype");
        assertThatThrownBy(
                        () ->
                                RandomTensors.toNDArray(
                                        manager,
                                        new double[] {0x1p63},
                                        new Shape(1),
                                        DataType.INT64))
                .hasMessage(0x1p63 + " does not fit the integer dtype");
        assertThatThrownBy(() -> RandomTensors.uniform(1, 3, 3, 1))
                .hasMessage("low (3.0) must be below high (3.0)");
    }

    @EachEngine
    void hostValues_stridedBooleanAndWideArrays_areReadExactly(NDManager manager) {
        NDArray strided =
                manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)).transpose();
        LeakGuard.of(manager)
                .check(() -> assertThat(HostValues.of(strided)).containsExactly(1, 4, 2, 5, 3, 6));
        assertThat(HostValues.of(manager.create(new boolean[] {true, false})))
                .containsExactly(1, 0);
        assertThat(HostValues.of(manager.create(new byte[] {-7, 7}))).containsExactly(-7, 7);

        NDArray tooWide = manager.create(new long[] {(1L << 53) + 1});
        assertThatThrownBy(() -> HostValues.of(tooWide))
                .hasMessageStartingWith("INT64 value 9007199254740993 is not exactly a double");
    }
}
