package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.ParityReport;
import io.github.djlblocks.parity.ParityReport.Row;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.Var;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParityTableTest {

    private static final List<EngineUnderTest> ENGINES = EnginesUnderTest.discover();

    @Test
    void worstForward_allBlocks_hasOneLineForEachBlockAndEngine() {
        ParityReport report = ParityTable.worstForward(BlockCases.all(), ENGINES, DataType.FLOAT32);

        assertThat(report.failures()).isEmpty();
        for (EngineUnderTest engine : ENGINES) {
            assertThat(report.rows().stream().filter(row -> row.engine().equals(engine)))
                    .extracting(Row::subject)
                    .containsExactlyElementsOf(
                            BlockCases.all().stream()
                                    .map(ParityCase::blockName)
                                    .distinct()
                                    .sorted()
                                    .toList());
        }
    }

    @Test
    void worstForward_oneWrongCaseAmongRightOnes_isWhatShows() {
        ParityCase right = oneTimesTwo(2);
        ParityCase wrong = oneTimesTwo(3);

        for (List<ParityCase> cases :
                List.of(List.of(right, wrong), List.of(wrong, right), List.of(wrong))) {
            ParityReport report = ParityTable.worstForward(cases, ENGINES, DataType.FLOAT32);
            assertThat(report.rows()).hasSameSizeAs(ENGINES).allMatch(Row::isFailed);
        }
        assertThat(ParityTable.worstForward(List.of(right), ENGINES, DataType.FLOAT32).failures())
                .isEmpty();
    }

    @Test
    void forward_severalCases_hasALineForEachCaseAndEngine() {
        List<ParityCase> cases = List.of(oneTimesTwo(3), oneTimesTwo(2));

        ParityReport report = ParityTable.forward(cases, ENGINES, DataType.FLOAT32);

        assertThat(report.rows()).hasSize(2 * ENGINES.size());
        assertThat(report.failures())
                .hasSize(ENGINES.size())
                .extracting(Row::subject)
                .containsOnly("Linear: formula with 3");
    }

    private static ParityCase oneTimesTwo(double factorOfTheFormula) {
        return ParityCase.builder("Linear", "formula with " + (int) factorOfTheFormula)
                .setBlock(() -> Linear.withoutBias(1, 1))
                .addInput("x", new double[] {1}, 1, 1)
                .optParameter("weight", new double[] {2})
                .setFormula(
                        (arrays, parameters) ->
                                OracleLinear.linear(
                                        Scope.get(arrays, "x"),
                                        Var.of(new double[] {factorOfTheFormula}, 1, 1),
                                        null))
                .setTolerance(1, 1, "one exact product")
                .build();
    }
}
