package io.github.djlblocks.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WeightSelectionTest {

    /** The head alone is wider, and with four bits alone. */
    @ParameterizedTest
    @CsvSource({
        "int4:64, layers.0.attention.query.weight, int4:64",
        "int4:64, head.weight, int8",
        "int4:64, head.projection.weight, int8",
        "int4:64, decoder.head.weight, int8",
        "int4:64, embeddings.tokens.weight, int8",
        "int4:64, embedding.weight, int8",
        "int4:64, layers.0.ahead.weight, int4:64",
        "int4:64, headwind.weight, int4:64",
        "int4:64, head, int4:64",
        "int8, head.weight, int8",
        "bfloat16, head.weight, bfloat16",
        "float32, layers.0.weight, float32"
    })
    void ofLinear_path_isItsFormat(String format, String path, String expected) {
        WeightSelection selection = WeightSelection.of(WeightFormat.parse(format));
        assertThat(selection.ofLinear(path)).hasToString(expected);
        assertThat(selection.format()).hasToString(format);
    }

    @ParameterizedTest
    @CsvSource({
        "float32, float32",
        "float16, float32",
        "bfloat16, bfloat16",
        "int8, float32",
        "int4, bfloat16",
        "int4:128, bfloat16"
    })
    void ofOthers_format_isTheTypeOfActivations(String format, String expected) {
        assertThat(WeightSelection.of(WeightFormat.parse(format)).ofOthers()).hasToString(expected);
    }

    @Test
    void with_severalThatMatch_takesTheLast() {
        WeightSelection one = WeightSelection.of(WeightFormat.INT4);
        WeightSelection two = one.with("layers\\.0\\..*", WeightFormat.INT8);
        WeightSelection three = two.with("layers\\..*\\.down\\.weight", WeightFormat.BFLOAT16);
        assertThat(three.ofLinear("layers.0.up.weight")).isEqualTo(WeightFormat.INT8);
        assertThat(three.ofLinear("layers.0.down.weight")).isEqualTo(WeightFormat.BFLOAT16);
        assertThat(three.ofLinear("layers.1.down.weight")).isEqualTo(WeightFormat.BFLOAT16);
        assertThat(three.ofLinear("layers.1.up.weight")).isEqualTo(WeightFormat.INT4);
        // The whole path matches, or nothing does.
        assertThat(three.ofLinear("my.layers.0.up.weight")).isEqualTo(WeightFormat.INT4);
        // What it came from stays as it was.
        assertThat(two.ofLinear("layers.0.down.weight")).isEqualTo(WeightFormat.INT8);
        assertThat(one.ofLinear("layers.0.down.weight")).isEqualTo(WeightFormat.INT4);
        assertThat(three)
                .hasToString("int4:32, layers\\..*\\.down\\.weight=bfloat16, layers\\.0\\..*=int8");
        assertThat(one).hasToString("int4:32");
    }

    /** An exception may name the head, and does not decide the type of activations. */
    @Test
    void with_headAndActivations_areWhatTheyAre() {
        WeightSelection selection =
                WeightSelection.of(WeightFormat.INT4).with("head\\.weight", WeightFormat.FLOAT16);
        assertThat(selection.ofLinear("head.weight")).isEqualTo(WeightFormat.FLOAT16);
        assertThat(selection.ofOthers()).isEqualTo(WeightFormat.BFLOAT16);
    }

    @Test
    void withFormat_other_keepsTheExceptions() {
        WeightSelection selection =
                WeightSelection.of(WeightFormat.INT8)
                        .with("a\\.weight", WeightFormat.FLOAT32)
                        .withFormat(WeightFormat.BFLOAT16);
        assertThat(selection.ofLinear("a.weight")).isEqualTo(WeightFormat.FLOAT32);
        assertThat(selection.ofLinear("b.weight")).isEqualTo(WeightFormat.BFLOAT16);
        assertThat(selection.ofOthers()).isEqualTo(WeightFormat.BFLOAT16);
    }

    @Test
    void with_noExpression_throws() {
        WeightSelection selection = WeightSelection.of(WeightFormat.INT8);
        assertThatExceptionOfType(PatternSyntaxException.class)
                .isThrownBy(() -> selection.with("layers.(", WeightFormat.INT4));
    }
}
