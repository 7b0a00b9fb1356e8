package io.github.djlblocks.parity;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;

class NDArrayAssertTest {

    private static final Shape SHAPE = new Shape(2, 3);
    private static final double[] VALUES = {1, -2, 3, -4, 5, -8};
    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 4, 2);

    private static NDArray array(NDManager manager) {
        return RandomTensors.toNDArray(manager, VALUES, SHAPE, DataType.FLOAT32);
    }

    private static double[] changed(int index, double value) {
        double[] values = VALUES.clone();
        values[index] = value;
        return values;
    }

    @EachEngine
    void assertions_sameValues_passAndLeaveNothing(NDManager manager) {
        NDArray array = array(manager);
        NDArray same = array(manager);

        LeakGuard.of(manager)
                .check(
                        () ->
                                assertThat(array)
                                        .hasShape(2, 3)
                                        .hasShape(SHAPE)
                                        .hasDataType(DataType.FLOAT32)
                                        .hasNoNaN()
                                        .isCloseTo(VALUES, SHAPE, TOLERANCE)
                                        .isCloseTo(VALUES, new long[] {2, 3}, TOLERANCE)
                                        .isCloseTo(same, TOLERANCE)
                                        .isWithin(0, VALUES, SHAPE)
                                        .isExactly(VALUES, SHAPE)
                                        .isExactly(same));
    }

    @EachEngine
    void hasShape_otherShape_showsBothAndDtype(NDManager manager) {
        assertThatThrownBy(() -> assertThat(array(manager)).hasShape(3, 2))
                .isInstanceOf(AssertionError.class)
                .hasMessage("expected shape (3, 2) but was FLOAT32 (2, 3)");
        assertThatThrownBy(
                        () -> assertThat(array(manager)).isCloseTo(VALUES, new Shape(6), TOLERANCE))
                .hasMessage("expected shape (6) but was FLOAT32 (2, 3)");
    }

    @EachEngine
    void hasDataType_otherDtype_showsBothAndShape(NDManager manager) {
        Tolerance wide = Tolerance.of(DataType.FLOAT64, 1, 1);

        assertThatThrownBy(() -> assertThat(array(manager)).hasDataType(DataType.FLOAT64))
                .hasMessage("expected dtype FLOAT64 but was FLOAT32 (2, 3)");
        assertThatThrownBy(() -> assertThat(array(manager)).isCloseTo(VALUES, SHAPE, wide))
                .hasMessage("expected dtype FLOAT64 but was FLOAT32 (2, 3)");
        assertThat(array(manager)).isCloseTo(VALUES, SHAPE, wide.deliveredAs(DataType.FLOAT32));
    }

    @EachEngine
    void hasNoNaN_nan_countsThemAndShowsTheFirst(NDManager manager) {
        double[] values = changed(2, Double.NaN);
        values[4] = Double.NaN;
        NDArray array = RandomTensors.toNDArray(manager, values, SHAPE, DataType.FLOAT64);
        array.setName("scores");

        assertThatThrownBy(() -> assertThat(array).hasNoNaN())
                .hasMessage(
                        "expected no NaN in scores FLOAT64 (2, 3) but 2 of 6 elements are NaN, the"
                                + " first at [0, 2]");
    }

    // allowed = 2 * sqrt(4) * 2^-23 * 8 = 2^-18 = 3.81e-06; 2^-17 is twice that.
    @EachEngine
    void isCloseTo_oneElementOff_showsIndexValuesAndMargin(NDManager manager) {
        double[] off = changed(4, 5 + 0x1p-17);
        off[0] = 1 + 0x1p-19;
        NDArray other = RandomTensors.toNDArray(manager, off, SHAPE, DataType.FLOAT32);
        String message =
                "FLOAT32 (2, 3): 1 of 6 elements differ; worst at [1, 1]: expected"
                        + " 5.00000762939453125 but was 5.0, error 7.63e-06, allowed 3.81e-06 (used"
                        + " 2.00)";

        assertThatThrownBy(() -> assertThat(array(manager)).isCloseTo(off, SHAPE, TOLERANCE))
                .hasMessage(message.replace("5.00000762939453125", Double.toString(5 + 0x1p-17)));
        assertThatThrownBy(() -> assertThat(array(manager)).isCloseTo(other, TOLERANCE))
                .hasMessage(message.replace("5.00000762939453125", Double.toString(5 + 0x1p-17)));
        assertThat(array(manager)).isCloseTo(changed(4, 5 + 0x1p-18), SHAPE, TOLERANCE);
    }

    @EachEngine
    void isCloseTo_nan_passesOnlyWhereExpectedAndAllowed(NDManager manager) {
        double[] values = changed(3, Double.NaN);
        NDArray array = RandomTensors.toNDArray(manager, values, SHAPE, DataType.FLOAT32);

        assertThatThrownBy(() -> assertThat(array).isCloseTo(values, SHAPE, TOLERANCE))
                .hasMessageContaining(
                        "1 of 6 elements differ; worst at [1, 0]: expected NaN but was NaN, error"
                                + " Infinity");
        assertThat(array).matchingNaN().isCloseTo(values, SHAPE, TOLERANCE);
        assertThat(array).matchingNaN().isExactly(values, SHAPE);
        assertThatThrownBy(
                        () -> assertThat(array).matchingNaN().isCloseTo(VALUES, SHAPE, TOLERANCE))
                .hasMessageContaining("expected -4.0 but was NaN");
    }

    @EachEngine
    void isWithin_outsideTheBound_showsIt(NDManager manager) {
        assertThat(array(manager)).isWithin(0.25, changed(1, -2.25), SHAPE);
        assertThatThrownBy(() -> assertThat(array(manager)).isWithin(0.25, changed(1, -3), SHAPE))
                .hasMessage(
                        "FLOAT32 (2, 3): 1 of 6 elements differ; worst at [0, 1]: expected -3.0 but"
                                + " was -2.0, error 1.00, allowed 0.250 (used 4.00)");
        assertThatThrownBy(() -> assertThat(array(manager)).isWithin(-1, VALUES, SHAPE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("absolute (-1.0) must be at least 0");
    }

    @EachEngine
    void isExactly_lastBitOrSignOfZero_fails(NDManager manager) {
        NDArray zeros =
                RandomTensors.toNDArray(
                        manager, new double[] {0.0, -0.0}, new Shape(2), DataType.FLOAT32);

        assertThatThrownBy(
                        () ->
                                assertThat(array(manager))
                                        .isExactly(changed(2, Math.nextUp(3.0)), SHAPE))
                .hasMessageContaining("expected 3.0000000000000004 but was 3.0, error 4.44e-16,");
        assertThat(zeros).isExactly(new double[] {0.0, -0.0}, new Shape(2));
        assertThatThrownBy(() -> assertThat(zeros).isExactly(new double[2], new Shape(2)))
                .hasMessage(
                        "FLOAT32 (2): 1 of 2 elements differ; worst at [1]: expected 0.0 but was"
                                + " -0.0, error 0, allowed 0 (used Infinity)");
        assertThatThrownBy(
                        () ->
                                assertThat(array(manager))
                                        .isExactly(array(manager).toType(DataType.FLOAT64, true)))
                .hasMessage("expected dtype FLOAT64 but was FLOAT32 (2, 3)");
    }

    @EachEngine(dataTypes = {DataType.FLOAT16, DataType.INT32, DataType.INT64, DataType.UINT8})
    void isExactly_otherDtypes_areReadSafely(NDManager manager, DataType dataType) {
        double[] values = {3, 0, 200};
        NDArray array =
                RandomTensors.toNDArray(manager, values, new Shape(3), DataType.FLOAT32)
                        .toType(dataType, true);

        LeakGuard.of(manager).check(() -> assertThat(array).isExactly(values, new Shape(3)));
    }

    @Test
    void isExactly_arraysOfTwoEngines_areCompared() {
        try (NDManager first = EngineUnderTest.onCpu("PyTorch").newManager()) {
            for (EngineUnderTest engine : EnginesUnderTest.discover()) {
                try (NDManager second = engine.newManager()) {
                    assertThat(array(first))
                            .isExactly(array(second))
                            .isCloseTo(array(second), TOLERANCE);
                    assertThatThrownBy(
                                    () -> assertThat(array(first)).isExactly(array(second).neg()))
                            .hasMessageContaining("6 of 6 elements differ");
                }
            }
        }
    }

    @Test
    void assertThat_null_fails() {
        assertThatThrownBy(() -> assertThat(null).hasShape(1)).isInstanceOf(AssertionError.class);
    }
}
