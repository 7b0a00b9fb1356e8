package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Encoder-decoders as files, in DJL's PyTorch, against the logits of transformers. */
class ExportedSeq2SeqGoldenTest {

    @TempDir private Path directory;

    /** Scores of T5 are not scaled, so they are larger: their errors grow as much. */
    private static Tolerance tolerance(Path folder) throws IOException {
        Seq2SeqConfig config = HuggingFaceModels.describe(folder).seq2Seq().orElseThrow().config();
        long terms =
                EncoderGoldens.terms(config.encoder().stack(), 11)
                        + 2 * EncoderGoldens.terms(config.decoder().stack(), 11);
        return Tolerance.of(DataType.FLOAT32, terms, 4);
    }

    private static EncoderDecoder load(Path folder, NDManager manager)
            throws IOException, ModelException {
        return (EncoderDecoder)
                HuggingFaceModels.loadBlock(
                        folder, manager, LoadOptions.of(Map.of("compile", "false")));
    }

    private static NDArray call(Model model, String method, NDArray... inputs) {
        return calls(model, method, inputs).get(0);
    }

    private static NDList calls(Model model, String method, NDArray... inputs) {
        NDManager manager = inputs[0].getManager();
        NDArray marker = manager.create(0f);
        marker.setName("module_method:" + method);
        NDList all = new NDList(marker);
        all.addAll(new NDList(inputs));
        return model.getBlock().forward(new ParameterStore(manager, false), all, false);
    }

    @ParameterizedTest
    @CsvSource({
        "t5, STATE, PYTORCH_1_13",
        "t5, ARGUMENTS, PYTORCH_1_13",
        "bart, STATE, PYTORCH_2_4",
        "bart, ARGUMENTS, PYTORCH_1_13"
    })
    void encoderDecoder_inPieces_givesTheLogitsOfTransformers(
            String family, CacheForm form, ExportTarget target) throws IOException, ModelException {
        Path folder = Golden.path("hf/" + family);
        Path file = directory.resolve("model.pt");
        Tolerance tolerance = tolerance(folder);
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Golden golden = Golden.open("hf/" + family + "/golden.safetensors")) {
            TorchScript.exportEncoderDecoder(
                    load(folder, manager),
                    file,
                    DecoderExportOptions.builder()
                            .optCaches(form)
                            .optTarget(target)
                            .optMask(true)
                            .optAllLogits(true)
                            .build());
            try (Model model = Model.newInstance("seq2seq", "PyTorch")) {
                model.load(directory, "model.pt");
                for (String scenario : new String[] {"right", "plain"}) {
                    String prefix = scenario + ".";
                    NDArray source = golden.array(prefix + "input_ids", manager, DataType.INT64);
                    NDArray ids =
                            golden.array(prefix + "decoder_input_ids", manager, DataType.INT64);
                    NDArray mask =
                            golden.has(prefix + "attention_mask")
                                    ? golden.array(
                                            prefix + "attention_mask", manager, DataType.INT64)
                                    : manager.ones(source.getShape(), DataType.INT64);
                    golden.assertClose(
                            prefix + "logits",
                            call(model, "forward", source, ids, mask),
                            tolerance);
                    NDArray memory = call(model, "encode", source, mask);
                    golden.assertClose(
                            prefix + "logits", pieces(model, ids, memory, mask), tolerance);
                }
            }
        }
    }

    /** The first token, the second, all others. */
    private static NDArray pieces(Model model, NDArray ids, NDArray memory, NDArray mask) {
        NDList logits = new NDList();
        NDList past = new NDList();
        int[] ends = {1, 2, (int) ids.getShape().get(1)};
        int start = 0;
        for (int end : ends) {
            NDList inputs = new NDList(ids.get(new NDIndex(":, " + start + ":" + end)));
            inputs.add(memory);
            inputs.add(mask);
            past.forEach(held -> held.setName("past[]"));
            inputs.addAll(past);
            String method = start == 0 ? "prefill" : "decode";
            NDList outputs = calls(model, method, inputs.toArray(NDArray[]::new));
            logits.add(outputs.get(0));
            past = outputs.subNDList(1);
            start = end;
        }
        return NDArrays.concat(logits, 1);
    }

    @Test
    void decode_beforePrefill_saysSo() throws IOException, ModelException {
        Path folder = Golden.path("hf/t5");
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Model model = Model.newInstance("seq2seq", "PyTorch")) {
            EncoderDecoder block = load(folder, manager);
            Path file = directory.resolve("model.pt");
            TorchScript.exportEncoderDecoder(block, file, DecoderExportOptions.builder().build());
            model.load(directory, "model.pt");
            NDArray ids = manager.ones(new Shape(2, 3), DataType.INT64);
            NDArray memory = call(model, "encode", ids);
            assertThatThrownBy(() -> call(model, "decode", ids, memory))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining(
                            "the cache holds no memory: call the method that starts a sequence"
                                    + " first");
            DecoderExportOptions positions =
                    DecoderExportOptions.builder().optPositions(true).build();
            assertThatThrownBy(() -> TorchScript.exportEncoderDecoder(block, file, positions))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessage(
                            "an encoder-decoder counts its positions itself and keeps all of a"
                                    + " sequence: leave optPositions and optPolicies out");
        }
    }
}
