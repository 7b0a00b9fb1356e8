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
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.BlockCases;
import io.github.djlblocks.parity.cases.CaseResult;
import io.github.djlblocks.parity.cases.CaseRun;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.cases.ParityRunner;
import io.github.djlblocks.torchscript.ExportTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
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
        return IntStream.range(0, cases.size()).mapToObj(i -> Arguments.of(cases.get(i), i));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("everything")
    void exported_loadedByDjl_followsTheFormula(ParityCase parityCase, int number)
            throws IOException, ModelException {
        CaseResult truth = ParityRunner.truth(parityCase, DataType.FLOAT32);
        EngineUnderTest engine = EnginesUnderTest.named("PyTorch").get(0);
        try (CaseRun run = CaseRun.forInference(parityCase, engine, DataType.FLOAT32)) {
            for (ExportTarget target : ExportTarget.values()) {
                Path file = CaseFiles.in(target, "case-%03d.pt".formatted(number));
                Exports.write(run.block(), file, run.inputs(), run.params(), target);
                compare(file, run, truth, parityCase);
                if (target == ExportTarget.PYTORCH_1_13) {
                    assertThat(Operators.in(file)).isSubsetOf(Operators.OF_1_13);
                }
            }
        }
    }

    private static void compare(Path file, CaseRun run, CaseResult truth, ParityCase parityCase)
            throws IOException, ModelException {
        Tolerance tolerance = parityCase.tolerance(DataType.FLOAT32);
        NDList arguments = Exports.arguments(run.inputs(), run.params());
        new CaseFiles(file, parityCase.name())
                .write(arguments, truth.output(), truth.shape(), tolerance);
        try (Model model = Exports.load(file)) {
            NDArray y = Exports.forward(model.getBlock(), arguments).get(0);
            assertThat(y.getShape()).isEqualTo(truth.shape());
            assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
            Margin margin = Margin.of(truth.output(), y, tolerance);
            assertThat(margin.isWithin()).as("%s, %s: %s", parityCase, file, margin).isTrue();
        }
    }
}
