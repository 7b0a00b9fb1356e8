package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredArraysTest {

    /** Rows of 12 bytes: two a part, one a part though it is longer, all at once. */
    @ParameterizedTest
    @ValueSource(longs = {24, 5, 1000})
    void write_inParts_givesEveryRowOnce(long chunk) throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] values = new float[15];
            ByteBuffer expected = ByteBuffer.allocate(60).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < values.length; i++) {
                values[i] = i - 6.5f;
                expected.putFloat(values[i]);
            }
            NDArray array = manager.create(values, new Shape(5, 3));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            StoredArrays.write(array, chunk, out);
            assertThat(out.toByteArray()).isEqualTo(expected.array());
        }
    }

    @Test
    void write_ofATransposedArray_givesWhatItShows() throws IOException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray array = manager.create(new byte[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            StoredArrays.write(array.transpose(), 1000, out);
            assertThat(out.toByteArray()).containsExactly(1, 4, 2, 5, 3, 6);
        }
    }

    @Test
    void of_numbers_isTheirTypeAndBytes() throws IOException {
        StoredTensor tensor =
                StoredArrays.of(
                        new ScriptWriter.Numbers(DataType.INT32, List.of(2L), List.of(3.0, -1.0)));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        tensor.writeTo("constant", out);
        assertThat(tensor.type()).isEqualTo(TensorType.INT32);
        assertThat(out.toByteArray()).containsExactly(3, 0, 0, 0, -1, -1, -1, -1);
    }

    @Test
    void of_numbersOfHalfPrecision_areStoredWide() {
        StoredTensor tensor =
                StoredArrays.of(
                        new ScriptWriter.Numbers(DataType.FLOAT16, List.of(1L), List.of(0.5)));
        assertThat(tensor.type()).isEqualTo(TensorType.FLOAT64);
    }

    @Test
    void of_aTypeOfNoTensor_isRefused() {
        ScriptWriter.Numbers numbers =
                new ScriptWriter.Numbers(DataType.COMPLEX64, List.of(1L), List.of(0.5));
        assertThatThrownBy(() -> StoredArrays.of(numbers))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("an array of complex64 cannot be exported: cast it first");
    }
}
