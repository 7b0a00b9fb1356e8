package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.ParityReport;
import io.github.djlblocks.parity.ParityReport.Direction;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.matrix.Measurements;
import io.github.djlblocks.parity.matrix.Outcome;
import io.github.djlblocks.parity.matrix.Quantity;
import io.github.djlblocks.parity.matrix.SharedMeasurements;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every block on every engine that trains, in both full precisions: output and gradients against
 * the oracle. The worst margins are written to {@code target/parity-report.txt}.
 */
class BlockParityTest {

    private static final Measurements MEASURED = SharedMeasurements.OF_DJL_BLOCKS;
    private static final List<EngineUnderTest> ENGINES = EnginesUnderTest.discover();

    private static final Map<Line, Margin> WORST = new HashMap<>();

    private record Line(String block, EngineUnderTest engine, Quantity quantity) {}

    static Stream<Arguments> everywhere() {
        return MEASURED.cases().stream()
                .flatMap(
                        parityCase ->
                                ENGINES.stream().flatMap(engine -> onEngine(parityCase, engine)));
    }

    private static Stream<Arguments> onEngine(ParityCase parityCase, EngineUnderTest engine) {
        return Stream.of(Quantity.values())
                .filter(quantity -> quantity.dataType() != DataType.FLOAT16)
                .map(quantity -> Arguments.of(parityCase, engine, quantity));
    }

    static Stream<Arguments> forwardCases() {
        return MEASURED.cases().stream()
                .flatMap(
                        parityCase ->
                                Stream.of(Quantity.FORWARD_FLOAT32, Quantity.FORWARD_FLOAT64)
                                        .map(quantity -> Arguments.of(parityCase, quantity)));
    }

    @AfterAll
    static void writeReport() throws IOException {
        ParityReport report = new ParityReport();
        WORST.forEach(
                (line, margin) ->
                        report.add(
                                line.block(),
                                line.engine(),
                                line.quantity().dataType(),
                                line.quantity().direction(),
                                margin));
        Files.writeString(Path.of("target", "parity-report.txt"), report.toText());
    }

    @ParameterizedTest(name = "{0}, {1} {2}")
    @MethodSource("everywhere")
    void block_outputAndGradients_followItsFormula(
            ParityCase parityCase, EngineUnderTest engine, Quantity quantity) {
        Outcome outcome = MEASURED.outcome(parityCase, engine, quantity);

        outcome.margins()
                .values()
                .forEach(
                        margin ->
                                WORST.merge(
                                        new Line(parityCase.blockName(), engine, quantity),
                                        margin,
                                        (a, b) -> b.used() > a.used() ? b : a));
        assertThat(outcome.problem()).isEmpty();
        CaseResult found = outcome.result();
        assertThat(found.dataType()).isEqualTo(quantity.dataType());
        assertThat(new Shape[] {found.shape()})
                .isEqualTo(parityCase.newBlock().getOutputShapes(parityCase.inputShapes()));
        // a gradient for each variable, and none where there is nothing to learn or to vary
        boolean forward = quantity.direction() == Direction.FORWARD;
        assertThat(outcome.margins()).hasSize(forward ? 1 : found.gradients().size());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("forwardCases")
    void forward_engineAgainstEngine_agree(ParityCase parityCase, Quantity quantity) {
        Tolerance own = parityCase.tolerance(quantity.dataType());
        Tolerance both =
                Tolerance.of(quantity.dataType(), own.reductionLength(), 2 * own.constant());
        CaseResult first = MEASURED.outcome(parityCase, ENGINES.get(0), quantity).result();

        for (EngineUnderTest engine : ENGINES.subList(1, ENGINES.size())) {
            CaseResult other = MEASURED.outcome(parityCase, engine, quantity).result();
            Margin margin = other.against(first, both);
            assertThat(margin.isWithin()).as("%s: %s", engine, margin).isTrue();
        }
    }
}
