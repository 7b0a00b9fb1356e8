package io.github.djlblocks.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightFormatTest {

    @ParameterizedTest
    @CsvSource({
        "float32, float32",
        "float16, float16",
        "BFloat16, bfloat16",
        "' int8 ', int8",
        "int4, int4:32",
        "int4:32, int4:32",
        "int4:64, int4:64",
        "int4:128, int4:128"
    })
    void parse_known_printsAsItself(String text, String printed) {
        WeightFormat format = WeightFormat.parse(text);
        assertThat(format).hasToString(printed).isEqualTo(WeightFormat.parse(printed));
        assertThat(format).hasSameHashCodeAs(WeightFormat.parse(printed));
    }

    @Test
    void parse_unknown_listsKnown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.parse("int3"))
                .withMessage(
                        "no weight format 'int3': use one of [float32, float16, bfloat16, int8,"
                                + " int4:32, int4:64, int4:128]");
    }

    @Test
    void equals_otherGroup_differs() {
        assertThat(WeightFormat.INT4).isEqualTo(WeightFormat.int4(32));
        assertThat(WeightFormat.INT4).isNotEqualTo(WeightFormat.int4(64));
        assertThat(WeightFormat.FLOAT16).isNotEqualTo(WeightFormat.BFLOAT16);
    }

    @Test
    void int4_otherGroup_throws() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.int4(48))
                .withMessage("int4 group (48) must be 32, 64 or 128: kernels know no other");
    }

    /** 6 rows of 192: 1152 weights, and 6 x 192 / group groups of two 2-byte scales. */
    @ParameterizedTest
    @CsvSource({
        "float32, 4608",
        "float16, 2304",
        "bfloat16, 2304",
        "int8, 1164",
        "int4:32, 720",
        "int4:64, 648"
    })
    void byteSize_known_countsScales(String text, long bytes) {
        WeightFormat format = WeightFormat.parse(text);
        assertThat(format.byteSize(6, 192)).isEqualTo(bytes);
        assertThat(format.pack("w", 6, 192, (row, values) -> {}).byteSize()).isEqualTo(bytes);
    }

    @Test
    void pack_widthOfNoGroup_namesBoth() {
        assertThat(WeightFormat.int4(64).takes(96)).isFalse();
        assertThat(WeightFormat.INT4.takes(96)).isTrue();
        assertThat(WeightFormat.INT8.takes(97)).isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.int4(64).pack("w", 2, 96, (row, values) -> {}))
                .withMessage(
                        "in (96) must be a multiple of the group (64) of int4:64: use a smaller"
                                + " group, or int8");
    }

    @Test
    void pack_emptyMatrix_throws() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.INT8.pack("w", 0, 4, (row, values) -> {}))
                .withMessage("out (0) must be at least 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.INT4.pack("w", 3, 0, (row, values) -> {}))
                .withMessage("in (0) must be at least 1");
    }

    @Test
    void pack_codesBeyondABuffer_saysSplit() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                WeightFormat.BFLOAT16.pack(
                                        "head", 1 << 18, 1 << 12, (row, values) -> {}))
                .withMessage(
                        "'head' (262144, 4096) takes 2147483648 bytes as bfloat16, and a buffer"
                                + " ends at 2147483647: split its rows");
    }

    @ParameterizedTest
    @CsvSource({"float32", "float16", "bfloat16", "int8", "int4"})
    void pack_notFinite_namesPlace(String text) {
        WeightFormat format = WeightFormat.parse(text);
        for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> format.pack("q.weight", 3, 64, oneAt(2, 5, bad)))
                    .withMessage(
                            "'q.weight' has %s at row 2, column 5: %s stores finite weights only",
                            bad, format);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "float16, 65520, '65520.0 at row 1, column 7: float16 ends at 65504: use bfloat16 or"
                + " float32'",
        "bfloat16, 3.4e38, '3.4E38 at row 1, column 7: bfloat16 ends at 3.3895314E38: use"
                + " float32'",
        "int8, -1.8e38, '-1.8E38 at row 1, column 7: integer codes end at 2^127: use float32'",
        "int4, 1.8e38, '1.8E38 at row 1, column 7: integer codes end at 2^127: use float32'"
    })
    void pack_beyondFormat_namesPlaceAndFix(String text, float bad, String why) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> WeightFormat.parse(text).pack("w", 2, 32, oneAt(1, 7, bad)))
                .withMessage("'w' has " + why);
    }

    private static WeightRows oneAt(int row, int column, float value) {
        return (r, values) -> {
            values[column] = r == row ? value : 0;
        };
    }
}
