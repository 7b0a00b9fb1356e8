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
 * Every block, every engine, both full precisions: output and gradients against the oracle. The
 * worst margins are written to {@code target/parity-report.txt}.
 */
class BlockParityTest {

    private static final List<EngineUnderTest> ENGINES = EnginesUnderTest.discover();
    private static final List<DataType> TYPES = List.of(DataType.FLOAT32, DataType.FLOAT64);

    private static final Map<Line, Margin> WORST = new HashMap<>();

    private record Line(
            String block, EngineUnderTest engine, DataType dataType, Direction direction) {}

    static Stream<Arguments> everywhere() {
        return BlockCases.all().stream()
                .flatMap(
                        parityCase ->
                                ENGINES.stream()
                                        .flatMap(
                                                engine ->
                                                        TYPES.stream()
                                                                .map(
                                                                        type ->
                                                                                Arguments.of(
                                                                                        parityCase,
                                                                                        engine,
                                                                                        type))));
    }

    static Stream<Arguments> casesAndTypes() {
        return BlockCases.all().stream()
                .flatMap(parityCase -> TYPES.stream().map(type -> Arguments.of(parityCase, type)));
    }

    @AfterAll
    static void writeReport() throws IOException {
        ParityReport report = new ParityReport();
        WORST.forEach(
                (line, margin) ->
                        report.add(
                                line.block(),
                                line.engine(),
                                line.dataType(),
                                line.direction(),
                                margin));
        Files.writeString(Path.of("target", "parity-report.txt"), report.toText());
    }

    @ParameterizedTest(name = "{0}, {1} {2}")
    @MethodSource("everywhere")
    void forward_everyBlock_followsItsFormula(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        CaseResult found = ParityRunner.forward(parityCase, engine, dataType);

        assertThat(found.dataType()).isEqualTo(dataType);
        assertThat(new Shape[] {found.shape()})
                .isEqualTo(parityCase.newBlock().getOutputShapes(parityCase.inputShapes()));
        Margin margin =
                found.against(
                        ParityRunner.truth(parityCase, dataType), parityCase.tolerance(dataType));
        keepWorst(parityCase, engine, dataType, Direction.FORWARD, margin);
        assertThat(margin.isWithin()).as("%s", margin).isTrue();
    }

    @ParameterizedTest(name = "{0}, {1} {2}")
    @MethodSource("everywhere")
    void backward_everyBlock_followsTheGradientsOfItsFormula(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        Map<String, Margin> margins = ParityRunner.compareGradients(parityCase, engine, dataType);

        margins.values()
                .forEach(m -> keepWorst(parityCase, engine, dataType, Direction.GRADIENT, m));
        assertThat(margins)
                .allSatisfy(
                        (name, margin) -> assertThat(margin.isWithin()).as("%s", margin).isTrue());
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("casesAndTypes")
    void forward_engineAgainstEngine_agree(ParityCase parityCase, DataType dataType) {
        Tolerance own = parityCase.tolerance(dataType);
        Tolerance both = Tolerance.of(dataType, own.reductionLength(), 2 * own.constant());
        CaseResult first = ParityRunner.forward(parityCase, ENGINES.get(0), dataType);

        for (EngineUnderTest engine : ENGINES.subList(1, ENGINES.size())) {
            Margin margin = ParityRunner.forward(parityCase, engine, dataType).against(first, both);
            assertThat(margin.isWithin()).as("%s: %s", engine, margin).isTrue();
        }
    }

    private static void keepWorst(
            ParityCase parityCase,
            EngineUnderTest engine,
            DataType dataType,
            Direction direction,
            Margin margin) {
        WORST.merge(
                new Line(parityCase.blockName(), engine, dataType, direction),
                margin,
                (a, b) -> b.used() > a.used() ? b : a);
    }
}
