package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CodeFillerTest {

    private static final int OUT = 13;
    private static final int IN = 32;

    private static float[] values() {
        Random random = new Random(5);
        float[] values = new float[OUT * IN];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    /** Rows of 32 to 128 bytes, so parts of 1, 3, 13 and all rows. */
    @ParameterizedTest
    @ValueSource(strings = {"float32", "float16", "bfloat16", "int8"})
    void fill_inParts_isThatOfTheWhole(String name) {
        WeightFormat format = WeightFormat.parse(name);
        WeightRows rows = WeightRows.of(values(), OUT, IN);
        PackedWeight whole = format.pack("w", OUT, IN, rows);
        int row = Math.toIntExact(format.codeSize(1, IN));
        for (int largest : new int[] {1, row, 3 * row + 1, OUT * row - 1, OUT * row}) {
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                    NDArray codes =
                            manager.zeros(
                                    StoredShapes.codes(format, OUT, IN),
                                    StoredShapes.type(format));
                    NDArray scales =
                            manager.zeros(StoredShapes.scales(format, OUT, IN), DataType.FLOAT16)) {
                new CodeFiller(format, "w", largest).fill(OUT, IN, rows, codes, scales);
                assertThat(codes.toByteBuffer(false)).isEqualTo(whole.codes());
                if (format.scaleSize(OUT, IN) > 0) {
                    assertThat(scales.toByteBuffer(false)).isEqualTo(whole.scales());
                }
                assertThat(manager.getManagedArrays()).hasSize(2);
            }
        }
    }

    /** Parameters that are longer than a buffer are read in parts, too. */
    @Test
    void rowsOf_inParts_areThoseOfTheWhole() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Linear linear = Linear.withoutBias(IN, OUT);
            linear.freezeParameters(true);
            linear.initialize(manager, DataType.FLOAT32, new Shape(1, IN));
            Parameter weight = linear.getParameters().valueAt(0);
            float[] values = weight.getArray().toFloatArray();
            int open = manager.getManagedArrays().size();
            for (int largest : new int[] {1, 3 * 4 * IN + 1, OUT * 4 * IN}) {
                WeightRows rows = ParameterArrays.rowsOf(weight, largest);
                float[] row = new float[IN];
                for (int i = 0; i < OUT; i++) {
                    rows.read(i, row);
                    assertThat(row)
                            .containsExactly(Arrays.copyOfRange(values, i * IN, (i + 1) * IN));
                }
            }
            assertThat(manager.getManagedArrays()).hasSize(open);
        }
    }

    @Test
    void fill_groupsBeyondOneBuffer_areRefused() {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                NDArray none = manager.zeros(new Shape(1))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () ->
                                    new CodeFiller(WeightFormat.INT4, "w", 100)
                                            .fill(
                                                    OUT,
                                                    IN,
                                                    WeightRows.of(values(), OUT, IN),
                                                    none,
                                                    none))
                    .withMessage(
                            "'w' (13, 32) has 208 bytes of int4:32, and a buffer ends at 100:"
                                    + " choose another format for it");
        }
    }
}
