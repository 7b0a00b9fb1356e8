package io.github.djlblocks.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.format.WeightFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LoadOptionsTest {

    @Test
    void of_nothing_isTheDefaults() {
        for (LoadOptions options :
                new LoadOptions[] {
                    LoadOptions.defaults(),
                    LoadOptions.of(Map.of()),
                    LoadOptions.of(Map.of("compile", "auto", "dataType", "float32", "other", 1))
                }) {
            assertThat(options.dataType()).isEqualTo(DataType.FLOAT32);
            assertThat(options.hasFormats()).isFalse();
            assertThat(options.isRequired()).isFalse();
            assertThat(options.compiles("PyTorch")).isTrue();
            assertThat(options.compiles("MXNet")).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"float64, FLOAT64", "FLOAT16, FLOAT16", "float32, FLOAT32"})
    void of_dataType_isIt(String text, DataType expected) {
        assertThat(LoadOptions.of(Map.of("dataType", text)).dataType()).isEqualTo(expected);
    }

    @Test
    void of_compile_saysWhereItRuns() {
        LoadOptions off = LoadOptions.of(Map.of("compile", "False"));
        assertThat(off.compiles("PyTorch")).isFalse();
        assertThat(off.compiles("MXNet")).isFalse();
        LoadOptions required = LoadOptions.of(Map.of("compile", true));
        assertThat(required.isRequired()).isTrue();
        assertThat(required.compiles("PyTorch")).isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> required.compiles("MXNet"))
                .withMessage(
                        "compile=true, but engine MXNet runs models block by block only: use engine"
                                + " PyTorch, or compile=auto");
    }

    /** Of several exceptions the longest holds, whatever order a map has. */
    @Test
    void of_weights_longestExceptionHolds() {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("weights.layers\\.0\\..*", "int8");
        arguments.put("weights..*", "float16");
        arguments.put("weights", "int4:64");
        LoadOptions options = LoadOptions.of(arguments);
        assertThat(options.hasFormats()).isTrue();
        assertThat(options.selection().format()).isEqualTo(WeightFormat.int4(64));
        assertThat(options.selection().ofLinear("layers.0.up.weight")).isEqualTo(WeightFormat.INT8);
        assertThat(options.selection().ofLinear("layers.1.up.weight"))
                .isEqualTo(WeightFormat.FLOAT16);
        assertThat(options.rules())
                .containsExactly(
                        new LoadOptions.FormatRule(".*", WeightFormat.FLOAT16),
                        new LoadOptions.FormatRule("layers\\.0\\..*", WeightFormat.INT8));
    }

    @Test
    void of_exceptionAlone_leavesOthersFloat32() {
        LoadOptions options = LoadOptions.of(Map.of("weights.head\\..*", "int8"));
        assertThat(options.hasFormats()).isTrue();
        assertThat(options.selection().ofLinear("head.weight")).isEqualTo(WeightFormat.INT8);
        assertThat(options.selection().ofLinear("up.weight")).isEqualTo(WeightFormat.FLOAT32);
    }

    @Test
    void of_wrongValues_listsTheRightOnes() {
        refused(Map.of("compile", "yes"), "compile 'yes' must be auto, true or false");
        refused(
                Map.of("dataType", "bfloat16"),
                "dataType 'bfloat16' cannot be computed through NDArray: use float32, float64 or"
                        + " float16 (a bfloat16 checkpoint loads as any of these)");
        refused(
                Map.of("weights", "int3"),
                "no weight format 'int3': use one of [float32, float16, bfloat16, int8, int4:32,"
                        + " int4:64, int4:128]");
        refused(
                Map.of("weights", "int8", "dataType", "float64"),
                "weights (int8) are read as float32, so dataType (float64) must be float32: give"
                        + " one of the two");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadOptions.of(Map.of("weights.layers.(", "int8")))
                .withMessageStartingWith("weights.layers.( names no paths: ");
    }

    private static void refused(Map<String, ?> arguments, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadOptions.of(arguments))
                .withMessage(message);
    }

    /** Each keeps what the others set. */
    @Test
    void with_others_keepsAll() {
        LoadOptions options =
                LoadOptions.defaults()
                        .withWeights("a\\..*", WeightFormat.INT4)
                        .withWeights(WeightFormat.INT8)
                        .withCompile(LoadOptions.Compile.REQUIRED)
                        .withDataType(DataType.FLOAT32);
        assertThat(options.isRequired()).isTrue();
        assertThat(options.selection().ofLinear("a.weight")).isEqualTo(WeightFormat.INT4);
        assertThat(options.selection().ofLinear("b.weight")).isEqualTo(WeightFormat.INT8);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> options.withDataType(DataType.FLOAT16))
                .withMessageStartingWith("weights (int8, a\\..*=int4:32) are read as float32");
        assertThat(LoadOptions.defaults().hasFormats()).isFalse();
    }

    @Test
    void withDataType_notFloating_throws() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoadOptions.defaults().withDataType(DataType.INT32))
                .withMessageStartingWith("data type int32 cannot be computed through NDArray");
    }
}
