package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.oracle.OracleLinear;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParityCaseTest {

    @Test
    void all_names_areDistinctAndEveryToleranceHasItsReason() {
        List<ParityCase> all = BlockCases.all();

        assertThat(new HashSet<>(all.stream().map(ParityCase::name).toList())).hasSameSizeAs(all);
        assertThat(all).allSatisfy(c -> assertThat(c.reason()).isNotBlank());
        assertThat(BlockCases.onePerBlock())
                .extracting(ParityCase::blockName)
                .containsExactlyElementsOf(
                        all.stream().map(ParityCase::blockName).distinct().toList());
    }

    @Test
    void build_partMissing_namesTheMethod() {
        assertThatThrownBy(() -> ParityCase.builder("Mine", "small").build())
                .hasMessage("case Mine is incomplete: call setBlock");
        assertThatThrownBy(
                        () ->
                                ParityCase.builder("Mine", "small")
                                        .setBlock(() -> Linear.withoutBias(1, 1))
                                        .build())
                .hasMessage("case Mine is incomplete: call setFormula");
        assertThatThrownBy(() -> linear("x").setTolerance(1, 1, " ").build())
                .hasMessage("case Mine gives no reason for its tolerance");
        assertThatThrownBy(() -> linear("x").setTolerance(0, 1, "none").build())
                .hasMessageContaining("reductionLength (0) must be at least 1");
    }

    @Test
    void build_noInput_saysHowToAddOne() {
        assertThatThrownBy(
                        () ->
                                ParityCase.builder("Mine", "small")
                                        .setBlock(() -> Linear.withoutBias(1, 1))
                                        .setFormula((arrays, p) -> Scope.get(p, "weight"))
                                        .setTolerance(1, 1, "none")
                                        .build())
                .hasMessage("case Mine has no input: call addInput or addIntegers");
    }

    @EachEngine
    void forward_outputOfAnotherShape_isAnError(EngineUnderTest engine) {
        ParityCase wider =
                linear("x")
                        .optParameter("weight", new double[6])
                        .setBlock(() -> Linear.withoutBias(2, 3))
                        .setFormula((arrays, p) -> Scope.get(arrays, "x"))
                        .build();

        assertThatThrownBy(() -> ParityRunner.compareForward(wider, engine, DataType.FLOAT32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("output is float32 (1, 3) but should be float32 (1, 2)");
    }

    @EachEngine
    void backward_inputNamedLikeAParameter_isAnError(EngineUnderTest engine) {
        ParityCase clash = linear("weight").build();

        assertThatThrownBy(() -> ParityRunner.backward(clash, engine, DataType.FLOAT32))
                .hasMessage("input and parameter have the same name 'weight': rename the input");
    }

    @Test
    void truth_float16_startsFromTheRoundedNumbers() {
        ParityCase third = linear("x").build();

        // 1/3 in FLOAT16 is 1365 / 4096; the weights 1 and 2 are exact
        assertThat(ParityRunner.truth(third, DataType.FLOAT16).output())
                .containsExactly(3 * 1365 / 4096.0);
        assertThat(ParityRunner.truth(third, DataType.FLOAT16).shape()).isEqualTo(new Shape(1, 1));
    }

    @Test
    void gradientTolerance_enginesOfSinglePrecision_isThatOfFloat32() {
        ParityCase parityCase =
                linear("x").optSinglePrecisionGradients("Slow").optGradientTerms(5).build();

        assertThat(parityCase.gradientTolerance("Slow", DataType.FLOAT64, "x", 9).dataType())
                .isEqualTo(DataType.FLOAT32);
        assertThat(parityCase.gradientTolerance("Slow", DataType.FLOAT64, "x", 9).resultType())
                .isEqualTo(DataType.FLOAT64);
        assertThat(parityCase.gradientTolerance("Fast", DataType.FLOAT64, "x", 9).dataType())
                .isEqualTo(DataType.FLOAT64);
        assertThat(parityCase.gradientTolerance("Fast", DataType.FLOAT32, "x", 9).reductionLength())
                .isEqualTo(2 * 2 + 5);
    }

    @Test
    void unknownShapes_usualAndGivenAxes_areMinusOne() {
        ParityCase usual =
                linear("rows")
                        .addInput("hidden", new double[24], 2, 3, 4)
                        .addInput("heads", new double[120], 2, 3, 4, 5)
                        .addIntegers("ids", new double[6], 2, 3)
                        .addParamArray("mask", new double[6], 2, 3)
                        .build();
        ParityCase given =
                linear("rows")
                        .addInput("image", new double[120], 2, 3, 4, 5)
                        .optFreeAxes("image", 0, 2, 3)
                        .optFreeAxes("rows")
                        .build();

        assertThat(usual.unknownShapes())
                .containsExactly(
                        new Shape(-1, 2),
                        new Shape(-1, -1, 4),
                        new Shape(-1, 3, -1, 5),
                        new Shape(-1, -1));
        assertThat(given.unknownShapes())
                .containsExactly(new Shape(1, 2), new Shape(-1, 3, -1, -1));
        assertThat(usual.inputShapes()[2]).isEqualTo(new Shape(2, 3, 4, 5));
    }

    @Test
    void isRandomInTraining_unlessSaid_isFalse() {
        assertThat(linear("x").build().isRandomInTraining()).isFalse();
        assertThat(linear("x").optRandomInTraining().build().withScaledInputs(2))
                .matches(ParityCase::isRandomInTraining);
    }

    private static ParityCaseBuilder linear(String input) {
        return ParityCase.builder("Mine", "small")
                .setBlock(() -> Linear.withoutBias(2, 1))
                .addInput(input, new double[] {1 / 3.0, 1 / 3.0}, 1, 2)
                .optParameter("weight", new double[] {1, 2})
                .setFormula(
                        (arrays, p) ->
                                OracleLinear.linear(
                                        Scope.get(arrays, input), Scope.get(p, "weight"), null))
                .setTolerance(2, 2, "one sum of two");
    }
}
