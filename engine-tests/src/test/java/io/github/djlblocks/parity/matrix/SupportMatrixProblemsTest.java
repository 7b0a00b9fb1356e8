package io.github.djlblocks.parity.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.matrix.SupportMatrix.Cell;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleMath;
import io.github.djlblocks.parity.oracle.Var;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** No failure without a reason, no reason without a failure. */
class SupportMatrixProblemsTest {

    private static final EngineUnderTest PYTORCH = EngineUnderTest.onCpu("PyTorch");
    private static final EngineUnderTest RUST = EngineUnderTest.onCpu("Rust");
    private static final ParityCase RIGHT = linear("right", 1);
    private static final ParityCase WRONG = linear("wrong", 2);

    private static final Limitation NO_GRADIENTS =
            Limitation.of(
                    "Rust",
                    Set.of(Quantity.GRADIENT_FLOAT32, Quantity.GRADIENT_FLOAT64),
                    "cannot initialise",
                    "none at all");
    private static final Limitation INEXACT =
            Limitation.of("PyTorch", EnumSet.allOf(Quantity.class), "^inexact: ", "a bad day")
                    .withCases(": wrong$");

    @Test
    void of_caseThatWorks_hasItsMarginAndNoProblem() {
        SupportMatrix matrix = matrix(List.of(RIGHT), PYTORCH, List.of());

        assertThat(matrix.problems()).isEmpty();
        assertThat(matrix.cells()).hasSize(Quantity.values().length);
        assertThat(matrix.cells())
                .allSatisfy(
                        cell -> {
                            assertThat(cell.used()).isBetween(0.0, 1.0);
                            assertThat(cell.text()).matches("0\\.\\d{3}");
                        });
    }

    @Test
    void of_failureWithoutReason_isAProblem() {
        SupportMatrix inexact = matrix(List.of(RIGHT, WRONG), PYTORCH, List.of());

        assertThat(inexact.problems())
                .hasSize(Quantity.values().length)
                .allSatisfy(
                        problem ->
                                assertThat(problem)
                                        .startsWith("Linear: wrong on PyTorch/cpu, ")
                                        .contains(" fails for no known reason: inexact: "));
        assertThat(matrix(List.of(RIGHT), RUST, List.of()).problems())
                .hasSize(2)
                .allSatisfy(
                        problem ->
                                assertThat(problem)
                                        .startsWith("Linear: right on Rust/cpu, gradient FLOAT")
                                        .contains("engine Rust on cpu() cannot initialise"));
    }

    @Test
    void of_failureWithItsReason_saysItAndNoProblem() {
        SupportMatrix rust = matrix(List.of(RIGHT), RUST, List.of(NO_GRADIENTS));
        SupportMatrix pyTorch = matrix(List.of(RIGHT, WRONG), PYTORCH, List.of(INEXACT));

        assertThat(rust.problems()).isEmpty();
        assertThat(rust.cells()).extracting(Cell::text).contains("unsupported: none at all");
        assertThat(pyTorch.problems()).isEmpty();
        assertThat(pyTorch.cells())
                .allSatisfy(
                        cell ->
                                assertThat(cell.text())
                                        .matches(
                                                "0\\.\\d{3}, some variants unsupported: a bad"
                                                        + " day"));
    }

    @Test
    void of_reasonNothingNeeds_isAProblem() {
        assertThat(matrix(List.of(RIGHT), PYTORCH, List.of(INEXACT)).problems())
                .containsExactly("limitation 'a bad day' of PyTorch excuses nothing: take it out");
        // Of an engine that is not there nothing is known.
        assertThat(matrix(List.of(RIGHT), PYTORCH, List.of(NO_GRADIENTS)).problems()).isEmpty();
    }

    @Test
    void of_reasonOfAnotherCase_excusesNothing() {
        Limitation other = INEXACT.withCases(": right$");

        assertThat(matrix(List.of(RIGHT, WRONG), PYTORCH, List.of(other)).problems())
                .hasSize(Quantity.values().length + 1);
    }

    @Test
    void withoutMargins_table_keepsReasons() {
        assertThat(
                        SupportMatrix.withoutMargins(
                                "| A | 0.123 | 1.000, some variants unsupported: x 0.5 |"
                                        + " unsupported: y |"))
                .isEqualTo("| A | ok | ok, some variants unsupported: x 0.5 | unsupported: y |");
    }

    @Test
    void toCsv_cells_areLines() {
        assertThat(matrix(List.of(RIGHT), RUST, List.of(NO_GRADIENTS)).toCsv().lines())
                .hasSize(1 + Quantity.values().length)
                .first()
                .isEqualTo("block,engine,direction,dtype,used,unsupported");
        assertThat(matrix(List.of(RIGHT), RUST, List.of(NO_GRADIENTS)).toCsv())
                .containsPattern("Linear,Rust/cpu,forward,FLOAT16,0\\.\\d{3},\"\"\n")
                .contains("Linear,Rust/cpu,gradient,FLOAT64,,\"none at all\"\n");
    }

    @Test
    void outcome_askedTwice_isMeasuredOnce() {
        Measurements measurements = new Measurements(List.of(RIGHT), List.of(PYTORCH));

        Outcome first = measurements.outcome(RIGHT, PYTORCH, Quantity.GRADIENT_FLOAT32);

        assertThat(measurements.outcome(RIGHT, PYTORCH, Quantity.GRADIENT_FLOAT32)).isSameAs(first);
        assertThat(first.works()).isTrue();
        assertThat(first.margins().keySet()).containsExactlyInAnyOrder("x", "weight");
    }

    private static SupportMatrix matrix(
            List<ParityCase> cases, EngineUnderTest engine, List<Limitation> limitations) {
        return SupportMatrix.of(new Measurements(cases, List.of(engine)), limitations);
    }

    private static ParityCase linear(String variant, double factor) {
        return ParityCase.builder("Linear", variant)
                .setBlock(() -> Linear.withoutBias(3, 2))
                .addInput("x", RandomTensors.normal(5, 4, 3), 4, 3)
                .setFormula(
                        (arrays, parameters) -> {
                            Var x = Objects.requireNonNull(arrays.get("x"));
                            Var w = Objects.requireNonNull(parameters.get("weight"));
                            return OracleMath.scale(OracleLinear.linear(x, w, null), factor);
                        })
                .setTolerance(3, 2, "one sum of three")
                .build();
    }
}
