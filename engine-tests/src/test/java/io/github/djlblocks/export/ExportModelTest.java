package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.util.Pair;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.ExportTarget;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole models exported; the files stay for {@code docs/export/check_export.py}. */
class ExportModelTest {

    /** Sums over 16 to 23 terms: some 30 one after the other, 600 terms; each step twice. */
    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 600, 4);

    @ParameterizedTest
    @CsvSource({
        "LLAMA, PYTORCH_1_13",
        "LLAMA, PYTORCH_2_4",
        "BERT, PYTORCH_1_13",
        "BERT, PYTORCH_2_4",
        "T5, PYTORCH_1_13",
        "T5, PYTORCH_2_4"
    })
    void model_ofOtherSizesThanTraced_givesWhatTheBlockGives(
            SmallModels sample, ExportTarget target) throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Block block = sample.initialized(manager);
            Path file = CaseFiles.in(target, "model-" + sample + ".pt");
            Exports.write(block, file, sample.inputs(manager, 2, 5), null, target);
            NDList inputs = sample.inputs(manager, 3, 9);
            NDArray expected = Exports.forward(block, inputs).get(0);
            List<String> names = new ArrayList<>(ParameterPaths.of(block).keySet());
            names.addAll(ParameterPaths.aliases(block).keySet());
            new CaseFiles(file, sample + " at other sizes")
                    .withNames(names)
                    .write(inputs, HostValues.of(expected), expected.getShape(), TOLERANCE);
            try (Model model = Exports.load(file)) {
                assertThat(Exports.forward(model.getBlock(), inputs).get(0))
                        .isCloseTo(expected, TOLERANCE);
                NDList one = sample.inputs(manager, 2, 2);
                assertThat(Exports.forward(model.getBlock(), one).get(0))
                        .isCloseTo(Exports.forward(block, one).get(0), TOLERANCE);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(SmallModels.class)
    void parameters_ofLoadedFile_areThoseOfTheBlock(SmallModels sample, @TempDir Path directory)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            Block block = sample.initialized(manager);
            Path file = directory.resolve("model.pt");
            Exports.write(
                    block, file, sample.inputs(manager, 2, 5), null, ExportTarget.PYTORCH_1_13);
            Map<String, Parameter> expected = ParameterPaths.of(block);
            try (Model model = Exports.load(file)) {
                List<String> names = new ArrayList<>();
                for (Pair<String, Parameter> found : model.getBlock().getDirectParameters()) {
                    names.add(found.getKey());
                    Parameter parameter = expected.get(found.getKey());
                    assertThat(parameter).as(found.getKey()).isNotNull();
                    assertThat(found.getValue().getArray()).isEqualTo(parameter.getArray());
                }
                assertThat(names).containsExactlyInAnyOrderElementsOf(expected.keySet());
            }
        }
    }
}
