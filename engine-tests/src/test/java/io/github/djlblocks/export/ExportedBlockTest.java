package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.hybrid.TorchScriptBlock;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was exported, back as blocks: one a method, over one module. */
class ExportedBlockTest {

    private static final Shape FREE = new Shape(-1, -1);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @TempDir private Path directory;

    @AfterEach
    void close() {
        manager.close();
    }

    private Path exported(CausalLanguageModel model, WeightFormat format, CacheForm form)
            throws IOException {
        Path file = directory.resolve("model.pt");
        TorchScript.exportDecoder(
                model,
                file,
                DecoderExportOptions.builder().optWeights(format).optCaches(form).build());
        return file;
    }

    private static NDArray columns(NDArray x, int from, int to) {
        return x.get(new NDIndex(":, " + from + ":" + to));
    }

    /** Of bfloat16 the last bit may differ; the other formats compute in float32. */
    private static Tolerance tolerance(String format) {
        return format.equals("bfloat16") || format.equals("int4")
                ? Tolerance.of(DataType.BFLOAT16, 9, 4).deliveredAs(DataType.FLOAT32)
                : Tolerance.of(DataType.FLOAT32, 600, 4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "float16", "bfloat16", "int8", "int4"})
    void state_methodsAsBlocks_continueASequence(String format) throws Exception {
        CausalLanguageModel model = (CausalLanguageModel) SmallModels.LLAMA.initialized(manager);
        Path file = exported(model, WeightFormat.parse(format), CacheForm.STATE);
        NDArray ids = SmallModels.ids(manager, 2, 9);
        try (NDManager owner = manager.newSubManager()) {
            TorchScriptBlock forward =
                    TorchScriptBlock.builder()
                            .setFile(file)
                            .addInput("ids", FREE, DataType.INT64)
                            .build();
            TorchScriptBlock prefill =
                    forward.method("prefill").addInput("ids", FREE, DataType.INT64).build();
            TorchScriptBlock decode =
                    forward.method("decode").addInput("ids", FREE, DataType.INT64).build();
            assertThat(forward.methods()).containsKeys("forward", "prefill", "decode", "reset");
            for (TorchScriptBlock block : List.of(forward, prefill, decode)) {
                block.initialize(owner, DataType.FLOAT32, new Shape(2, 4));
            }
            NDArray whole = Exports.forward(forward, new NDList(ids)).get(0);
            if (format.equals("float32")) {
                assertThat(whole)
                        .isCloseTo(
                                Exports.forward(model, new NDList(ids)).get(0), tolerance(format));
            }
            for (int round = 0; round < 2; round++) {
                assertThat(Exports.forward(prefill, new NDList(columns(ids, 0, 5))).get(0))
                        .isCloseTo(columns(whole, 4, 5), tolerance(format));
                for (int at = 5; at < 9; at++) {
                    assertThat(Exports.forward(decode, new NDList(columns(ids, at, at + 1))).get(0))
                            .isCloseTo(columns(whole, at, at + 1), tolerance(format));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "int8"})
    void arguments_methodsAsBlocks_areFunctions(String format) throws Exception {
        CausalLanguageModel model = (CausalLanguageModel) SmallModels.LLAMA.initialized(manager);
        Path file = exported(model, WeightFormat.parse(format), CacheForm.ARGUMENTS);
        NDArray ids = SmallModels.ids(manager, 2, 9);
        try (NDManager owner = manager.newSubManager()) {
            NDArray whole;
            NDList first;
            TorchScriptBlock forward =
                    TorchScriptBlock.builder()
                            .setFile(file)
                            .addInput("ids", FREE, DataType.INT64)
                            .build();
            forward.initialize(owner, DataType.FLOAT32, new Shape(2, 4));
            whole = Exports.forward(forward, new NDList(ids)).get(0);
            TorchScriptBlock prefill =
                    forward.method("prefill").addInput("ids", FREE, DataType.INT64).build();
            prefill.initialize(owner, DataType.FLOAT32, new Shape(2, 4));
            first = Exports.forward(prefill, new NDList(columns(ids, 0, 8)));
            assertThat(first).hasSize(5);
            List<Shape> shapes = new ArrayList<>(List.of(new Shape(2, 1)));
            var builder = forward.method("decode").addInput("ids", FREE, DataType.INT64);
            for (NDArray held : first.subNDList(1)) {
                builder.addInput("past[]", new Shape(-1, 2, -1, 4), DataType.FLOAT32);
                shapes.add(held.getShape());
            }
            TorchScriptBlock decode = builder.build();
            decode.initialize(owner, DataType.FLOAT32, shapes.toArray(Shape[]::new));
            NDList inputs = new NDList(columns(ids, 8, 9));
            inputs.addAll(first.subNDList(1));
            for (int round = 0; round < 2; round++) {
                NDList outputs = Exports.forward(decode, inputs);
                assertThat(outputs.get(0)).isCloseTo(columns(whole, 8, 9), tolerance(format));
                assertThat(outputs.get(1).getShape()).isEqualTo(new Shape(2, 2, 9, 4));
            }
        }
    }
}
