package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.format.WeightSelection;
import org.junit.jupiter.api.Test;

class CompileOptionsTest {

    @Test
    void defaults_packNothing() {
        CompileOptions options = CompileOptions.defaults();
        assertThat(options.weights()).isNull();
        assertThat(options.formatOf("layers.0.weight")).isNull();
        assertThat(options.types()).isEqualTo(ScriptTypes.FLOAT32);
        assertThat(options.hasSource()).isFalse();
        assertThat(options.isDemanded()).isFalse();
        assertThat(options.isForAnyDevice()).isFalse();
    }

    /** Each keeps what the others set, in any order. */
    @Test
    void with_others_keepsAll() {
        WeightSource source = parameter -> WeightRows.of(new float[2], 1, 2);
        CompileOptions first =
                CompileOptions.defaults()
                        .demanded()
                        .forAnyDevice()
                        .withSource(source)
                        .withWeights(WeightFormat.INT4)
                        .withWeights("a\\..*", WeightFormat.INT8);
        CompileOptions second =
                CompileOptions.defaults()
                        .withWeights(
                                WeightSelection.of(WeightFormat.INT4)
                                        .with("a\\..*", WeightFormat.INT8))
                        .withSource(source)
                        .demanded()
                        .forAnyDevice();
        for (CompileOptions options : new CompileOptions[] {first, second}) {
            assertThat(options.isDemanded()).isTrue();
            assertThat(options.isForAnyDevice()).isTrue();
            assertThat(options.hasSource()).isTrue();
            assertThat(options.source()).isSameAs(source);
            assertThat(options.weights()).isEqualTo(WeightFormat.INT4);
            assertThat(options.formatOf("a.weight")).isEqualTo(WeightFormat.INT8);
            assertThat(options.formatOf("b.weight")).isEqualTo(WeightFormat.INT4);
            assertThat(options.types()).isEqualTo(ScriptTypes.BFLOAT16);
        }
        assertThat(CompileOptions.defaults().weights()).isNull();
        assertThat(CompileOptions.defaults().isDemanded()).isFalse();
    }

    /** Another format keeps the exceptions given before it. */
    @Test
    void withWeights_formatAfterAnException_keepsIt() {
        CompileOptions options =
                CompileOptions.defaults()
                        .withWeights("a\\..*", WeightFormat.INT8)
                        .withWeights(WeightFormat.BFLOAT16);
        assertThat(options.formatOf("a.weight")).isEqualTo(WeightFormat.INT8);
        assertThat(options.formatOf("b.weight")).isEqualTo(WeightFormat.BFLOAT16);
        assertThat(options.types()).isEqualTo(ScriptTypes.BFLOAT16);
    }

    /** Without a format for the others, they are float32. */
    @Test
    void withWeights_exceptionAlone_leavesOthersFloat32() {
        CompileOptions options = CompileOptions.defaults().withWeights("a\\..*", WeightFormat.INT4);
        assertThat(options.weights()).isEqualTo(WeightFormat.FLOAT32);
        assertThat(options.formatOf("a.weight")).isEqualTo(WeightFormat.INT4);
        assertThat(options.formatOf("head.weight")).isEqualTo(WeightFormat.FLOAT32);
        assertThat(options.types()).isEqualTo(ScriptTypes.FLOAT32);
    }
}
