package io.github.djlblocks.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.CaseResult;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.cases.ParityRunner;
import io.github.djlblocks.torchscript.ExportTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every block exported, loaded by DJL and compared with the oracle. The files stay, for {@code
 * docs/export/check_export.py} to read.
 */
class ExportParityTest {

    static Stream<Arguments> everything() {
        List<ParityCase> cases = new ArrayList<>(BlockCases.all());
        return Stream.of(ExportTarget.values())
                .flatMap(
                        target ->
                                cases.stream()
                                        .map(
                                                parityCase ->
                                                        Arguments.of(
                                                                parityCase,
                                                                target,
                                                                cases.indexOf(parityCase))));
    }

    @ParameterizedTest(name = "{0}, {1}")
    @MethodSource("everything")
    void exported_loadedByDjl_followsTheFormula(
            ParityCase parityCase, ExportTarget target, int number)
            throws IOException, ModelException {
        EngineUnderTest engine = EnginesUnderTest.named("PyTorch").get(0);
        CaseResult truth = ParityRunner.truth(parityCase, DataType.FLOAT32);
        Path file = CaseFiles.directory(target).resolve("case-%03d.pt".formatted(number));
        Files.createDirectories(file.getParent());
        try (CaseRun run = CaseRun.forInference(parityCase, engine, DataType.FLOAT32)) {
            Exports.write(run.block(), file, run.inputs(), run.params(), target);
            NDList arguments = Exports.arguments(run.inputs(), run.params());
            CaseFiles.write(
                    file,
                    parityCase.name(),
                    arguments,
                    truth.output(),
                    truth.shape(),
                    parityCase.tolerance(DataType.FLOAT32));
            try (Model model = Exports.load(file)) {
                NDArray y = Exports.run(model, arguments).get(0);
                assertThat(y.getShape()).isEqualTo(truth.shape());
                assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
                Margin margin =
                        Margin.of(truth.output(), y, parityCase.tolerance(DataType.FLOAT32));
                assertThat(margin.isWithin()).as("%s: %s", parityCase, margin).isTrue();
            }
        }
    }
}
