package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that continue a sequence, as DJL alone runs them. */
class ExportDecoderTest {

    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 600, 4);

    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource(ExportTarget.class)
    void state_inPieces_givesTheLogitsOfTheWhole(ExportTarget target)
            throws IOException, ModelException {
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            CausalLanguageModel block =
                    (CausalLanguageModel) SmallModels.LLAMA.initialized(manager);
            Path file = directory.resolve("model.pt");
            TorchScript.exportDecoder(
                    block,
                    file,
                    DecoderExportOptions.builder().optTarget(target).optAllLogits(true).build());
            NDArray ids = SmallModels.LLAMA.inputs(manager, 3, 9).get(0);
            NDArray whole = Exports.forward(block, new NDList(ids)).get(0);
            try (Model model = Exports.load(file)) {
                NDArray first = ids.get(new NDIndex(":, :5"));
                NDArray y = Exports.call(model, "prefill", first).get(0);
                assertThat(y).isCloseTo(whole.get(new NDIndex(":, :5")), TOLERANCE);
                y = Exports.call(model, "decode", ids.get(new NDIndex(":, 5:8"))).get(0);
                assertThat(y).isCloseTo(whole.get(new NDIndex(":, 5:8")), TOLERANCE);
                y = Exports.call(model, "decode", ids.get(new NDIndex(":, 8:9"))).get(0);
                assertThat(y).isCloseTo(whole.get(new NDIndex(":, 8:9")), TOLERANCE);
                assertThat(Exports.forward(model.getBlock(), new NDList(ids)).get(0))
                        .isCloseTo(whole, TOLERANCE);
            }
        }
    }
}
