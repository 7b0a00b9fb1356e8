package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
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
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Files that continue a sequence, as DJL alone runs them; the truth is the pass over the whole. */
class ExportDecoderTest {

    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 600, 4);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @TempDir private Path directory;

    @AfterEach
    void close() {
        manager.close();
    }

    private CausalLanguageModel llama() {
        return (CausalLanguageModel) SmallModels.LLAMA.initialized(manager);
    }

    /** Two layers of a window of 5, two of none; a context of 200. */
    private CausalLanguageModel ofWindows() {
        CausalLanguageModel model =
                (CausalLanguageModel)
                        Families.parse(
                                        """
                                        {"vocab_size": 23, "hidden_size": 8, "intermediate_size": 12,
                                         "num_hidden_layers": 4, "num_attention_heads": 4,
                                         "num_key_value_heads": 2, "head_dim": 4,
                                         "max_position_embeddings": 200, "sliding_window": 5,
                                         "sliding_window_pattern": 2, "model_type": "gemma3_text"}
                                        """)
                                .newBlock();
        SmallModels.fill(model);
        model.freezeParameters(true);
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 2));
        return model;
    }

    private Model exported(CausalLanguageModel block, DecoderExportOptions.Builder options)
            throws IOException, ModelException {
        Path file = directory.resolve("model.pt");
        TorchScript.exportDecoder(block, file, options.build());
        return Exports.load(file);
    }

    private static NDArray columns(NDArray x, int from, int to) {
        return x.get(new NDIndex(":, " + from + ":" + to));
    }

    private static NDArray whole(CausalLanguageModel block, NDArray ids) {
        return Exports.forward(block, new NDList(ids)).get(0);
    }

    /** Calls what gives nothing. */
    private static void command(Model model, String method, NDArray... given) {
        IValue[] values = new IValue[given.length];
        for (int i = 0; i < given.length; i++) {
            values[i] = IValue.from((PtNDArray) given[i]);
        }
        IValueUtils.runMethod((PtSymbolBlock) model.getBlock(), method, values).close();
        for (IValue value : values) {
            value.close();
        }
    }

    @ParameterizedTest
    @EnumSource(ExportTarget.class)
    void forward_ofALoadedFile_isThatOfTheBlock(ExportTarget target)
            throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 9);
        try (Model model = exported(block, DecoderExportOptions.builder().optTarget(target))) {
            assertThat(Exports.forward(model.getBlock(), new NDList(ids)).get(0))
                    .isCloseTo(whole(block, ids), TOLERANCE);
        }
    }

    @Test
    void logits_byDefault_areThoseOfTheLastPosition() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 9);
        NDArray whole = whole(block, ids);
        try (Model model = exported(block, DecoderExportOptions.builder())) {
            assertThat(Exports.call(model, "prefill", columns(ids, 0, 4)).get(0))
                    .isCloseTo(columns(whole, 3, 4), TOLERANCE);
            assertThat(Exports.call(model, "decode", columns(ids, 4, 9)).get(0))
                    .isCloseTo(columns(whole, 8, 9), TOLERANCE);
        }
    }

    @ParameterizedTest
    @CsvSource({"true, 1", "true, 7", "false, 1", "false, 7"})
    void state_overManySteps_movesItsRooms(boolean rolling, int step)
            throws IOException, ModelException {
        CausalLanguageModel block = ofWindows();
        List<CachePolicy> policies = new ArrayList<>();
        for (int layer = 0; layer < 4; layer++) {
            boolean local = rolling && layer % 2 == 0;
            policies.add(local ? CachePolicy.rolling(5) : CachePolicy.growing());
        }
        NDArray ids = SmallModels.ids(manager, 2, 150);
        NDList logits = new NDList();
        try (Model model =
                exported(
                        block,
                        DecoderExportOptions.builder().optPolicies(policies).optAllLogits(true))) {
            logits.add(Exports.call(model, "prefill", columns(ids, 0, 3)).get(0));
            for (int at = 3; at < 150; at += step) {
                NDArray next = columns(ids, at, Math.min(150, at + step));
                logits.add(Exports.call(model, "decode", next).get(0));
            }
        }
        assertThat(NDArrays.concat(logits, 1)).isCloseTo(whole(block, ids), TOLERANCE);
    }

    @ParameterizedTest
    @CsvSource({"float16, FLOAT32", "bfloat16, BFLOAT16", "int8, FLOAT32", "int4, BFLOAT16"})
    void decode_inAFormat_givesWhatForwardGives(String format, DataType type)
            throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 9);
        for (CacheForm form : CacheForm.values()) {
            try (Model model =
                    exported(
                            block,
                            DecoderExportOptions.builder()
                                    .optWeights(WeightFormat.parse(format))
                                    .optCaches(form))) {
                NDArray expected = Exports.forward(model.getBlock(), new NDList(ids)).get(0);
                NDList first = Exports.call(model, "prefill", columns(ids, 0, 8));
                NDArray last = columns(ids, 8, 9);
                NDList past = first.subNDList(1);
                past.forEach(held -> held.setName("past[]"));
                NDList inputs = new NDList(last);
                inputs.addAll(past);
                NDArray logits =
                        Exports.call(model, "decode", inputs.toArray(NDArray[]::new)).get(0);
                Tolerance tolerance =
                        Tolerance.of(type, type == DataType.BFLOAT16 ? 9 : 600, 4)
                                .deliveredAs(DataType.FLOAT32);
                assertThat(logits).isCloseTo(columns(expected, 8, 9), tolerance);
                assertThat(past).allMatch(held -> held.getDataType() == DataType.FLOAT32);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "STATE, float32",
        "STATE, float16",
        "STATE, int8",
        "STATE, int4",
        "ARGUMENTS, bfloat16"
    })
    void operators_ofTheDefaultTarget_haveBeenSeenToRunThere(CacheForm form, String format)
            throws IOException {
        Path file = directory.resolve("model.pt");
        TorchScript.exportDecoder(
                llama(),
                file,
                DecoderExportOptions.builder()
                        .optCaches(form)
                        .optWeights(WeightFormat.parse(format))
                        .build());
        assertThat(Operators.OF_1_13).containsAll(Operators.in(file));
    }

    @Test
    void arguments_ofNoStep_areAnEmptyCache() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 9);
        try (Model model =
                exported(block, DecoderExportOptions.builder().optCaches(CacheForm.ARGUMENTS))) {
            NDList inputs = new NDList(ids);
            for (int i = 0; i < 4; i++) {
                NDArray none = manager.create(new Shape(3, 2, 0, 4));
                none.setName("past[]");
                inputs.add(none);
            }
            NDList outputs = Exports.call(model, "decode", inputs.toArray(NDArray[]::new));
            assertThat(outputs.get(0)).isCloseTo(columns(whole(block, ids), 8, 9), TOLERANCE);
            assertThat(outputs.subNDList(1))
                    .extracting(NDArray::getShape)
                    .containsOnly(new Shape(3, 2, 9, 4))
                    .hasSize(4);
        }
    }

    @Test
    void arguments_ofAnotherNumber_areRefused() throws IOException, ModelException {
        try (Model model =
                exported(llama(), DecoderExportOptions.builder().optCaches(CacheForm.ARGUMENTS))) {
            NDArray one = manager.create(new Shape(3, 2, 1, 4));
            one.setName("past[]");
            assertThatThrownBy(
                            () ->
                                    Exports.call(
                                            model, "decode", SmallModels.ids(manager, 3, 2), one))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining(
                            "the cache has 1 tensors, not 4: give an empty list, or what the last"
                                    + " call gave");
        }
    }

    @Test
    void state_whatIsRefused_changesNothing() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 9);
        NDArray whole = whole(block, ids);
        try (Model model = exported(block, DecoderExportOptions.builder())) {
            Exports.call(model, "prefill", columns(ids, 0, 5));
            assertThatThrownBy(() -> Exports.call(model, "decode", SmallModels.ids(manager, 2, 1)))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining(
                            "the cache holds 3 rows and the input has 2: start with an empty"
                                    + " cache");
            assertThatThrownBy(() -> Exports.call(model, "decode", SmallModels.ids(manager, 3, 8)))
                    .isInstanceOf(EngineException.class)
                    .hasMessageContaining(
                            "13 tokens do not fit the context of 12 (5 in the cache, 8 new):"
                                    + " shorten the prompt or start a new sequence");
            assertThat(Exports.call(model, "decode", columns(ids, 5, 9)).get(0))
                    .isCloseTo(columns(whole, 8, 9), TOLERANCE);
        }
    }

    @Test
    void reset_takesAnotherBatch() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 2, 4);
        try (Model model = exported(block, DecoderExportOptions.builder())) {
            Exports.call(model, "prefill", SmallModels.ids(manager, 3, 9));
            command(model, "reset");
            assertThat(Exports.call(model, "decode", ids).get(0))
                    .isCloseTo(columns(whole(block, ids), 3, 4), TOLERANCE);
        }
    }

    @Test
    void reorder_continuesOtherRows() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        NDArray ids = SmallModels.ids(manager, 3, 6);
        NDArray rows = manager.create(new long[] {2, 0});
        NDArray chosen = NDArrays.stack(new NDList(ids.get(2), ids.get(0)));
        try (Model model = exported(block, DecoderExportOptions.builder())) {
            Exports.call(model, "prefill", columns(ids, 0, 5));
            command(model, "reorder", rows);
            assertThat(Exports.call(model, "decode", columns(chosen, 5, 6)).get(0))
                    .isCloseTo(columns(whole(block, chosen), 5, 6), TOLERANCE);
        }
    }

    @Test
    void policies_ofAnotherNumber_areRefused() {
        assertThatThrownBy(
                        () ->
                                exported(
                                        llama(),
                                        DecoderExportOptions.builder()
                                                .optPolicies(List.of(CachePolicy.growing()))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("1 cache policies for 2 layers: give one for each");
    }

    private void refused(CacheForm form, CachePolicy policy, String reason) {
        assertThatThrownBy(
                        () ->
                                exported(
                                        llama(),
                                        DecoderExportOptions.builder()
                                                .optCaches(form)
                                                .optPolicies(List.of(policy, policy))))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("CausalLanguageModel cannot be exported: " + reason);
    }

    @Test
    void policies_thatAFileCannotHold_areRefused() {
        refused(
                CacheForm.ARGUMENTS,
                CachePolicy.rolling(4),
                "a rolling cache as arguments does not say how many tokens have passed: export it"
                        + " as CacheForm.STATE, or a growing one");
        refused(
                CacheForm.STATE,
                CachePolicy.rolling(4, 1),
                "a rolling cache in a file has no prefix, and this one keeps the first 1 tokens:"
                        + " export a growing one");
        refused(
                CacheForm.STATE,
                CachePolicy.preallocated(8),
                "a preallocated cache has a capacity, and those of a file grow: export a growing"
                        + " one, and give the limit as optContextLength");
    }
}
