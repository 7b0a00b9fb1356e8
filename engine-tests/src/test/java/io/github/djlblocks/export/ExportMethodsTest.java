package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CacheForm;
import io.github.djlblocks.torchscript.DecoderExportOptions;
import io.github.djlblocks.torchscript.ExportMethod;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several methods over the same weights, and files that travel along. */
class ExportMethodsTest {

    private static final Tolerance TOLERANCE = Tolerance.of(DataType.FLOAT32, 600, 4);
    private static final Shape TOKENS = new Shape(2, 2);

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @TempDir private Path directory;

    @AfterEach
    void close() {
        manager.close();
    }

    private CausalLanguageModel llama() {
        return (CausalLanguageModel) SmallModels.LLAMA.initialized(manager);
    }

    private static ExportMethod.Builder ids() {
        return ExportMethod.builder().addInput("ids", TOKENS, DataType.INT64);
    }

    private PairList<String, Object> params(String key, Object value) {
        PairList<String, Object> params = new PairList<>();
        params.add(key, value);
        return params;
    }

    private void refused(ExportOptions.Builder options, String reason) {
        assertThatThrownBy(
                        () ->
                                TorchScript.export(
                                        llama(), directory.resolve("m.pt"), options.build()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage("CausalLanguageModel cannot be exported: " + reason);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void methods_ofPartsAndParams_shareTheWeights() throws IOException, ModelException {
        SequentialBlock block =
                new SequentialBlock().add(Linear.withBias(4, 6)).add(Linear.withBias(6, 3));
        SmallModels.fill(block);
        block.freezeParameters(true);
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        Block first = block.getChildren().get(0).getValue();
        Path file = directory.resolve("block.pt");
        Shape x = new Shape(2, 4);

        TorchScript.export(
                block,
                file,
                ExportOptions.builder()
                        .addInput("x", x, DataType.FLOAT32)
                        .addMethod(
                                "hidden",
                                ExportMethod.builder()
                                        .addInput("x", x, DataType.FLOAT32)
                                        .optPart(first)
                                        .build())
                        .build());

        NDArray given = manager.arange(12f).reshape(3, 4).div(7);
        Tolerance tolerance = Tolerance.of(DataType.FLOAT32, 4 + 6, 4);
        try (Model model = Exports.load(file)) {
            assertThat(Exports.forward(model.getBlock(), new NDList(given)).get(0))
                    .isCloseTo(Exports.forward(block, new NDList(given)).get(0), tolerance);
            assertThat(Exports.call(model, "hidden", given).get(0))
                    .isCloseTo(Exports.forward(first, new NDList(given)).get(0), tolerance);
        }
        // Two weights and two biases, once each.
        assertThat(Exports.entries(file)).filteredOn(name -> name.contains("/data/")).hasSize(4);
    }

    @Test
    void method_alone_needsNoForward() throws IOException, ModelException {
        CausalLanguageModel block = llama();
        Path file = directory.resolve("m.pt");
        TorchScript.export(
                block,
                file,
                ExportOptions.builder()
                        .addMethod(
                                "last",
                                ids().optParams(params(CausalLanguageModel.LAST_ONLY, true))
                                        .build())
                        .build());
        NDArray tokens = SmallModels.ids(manager, 3, 9);
        NDArray expected = Exports.forward(block, new NDList(tokens)).get(0);
        try (Model model = Exports.load(file)) {
            assertThat(Exports.call(model, "last", tokens).get(0))
                    .isCloseTo(expected.get(":, 8:"), TOLERANCE);
        }
    }

    @Test
    void extraFiles_areReadByDjl() throws IOException, ModelException {
        Path config = Files.writeString(directory.resolve("config.json"), "{\"layers\": 2}");
        Path file = directory.resolve("m.pt");
        TorchScript.exportDecoder(
                llama(),
                file,
                DecoderExportOptions.builder()
                        .addExtraFile("config.json", config)
                        .addExtraFile("note.txt", "gr\u00fcn".getBytes(StandardCharsets.UTF_8))
                        .optWeights(WeightFormat.INT8)
                        .optPolicies(List.of(CachePolicy.rolling(7), CachePolicy.growing()))
                        .build());
        try (Model model = Model.newInstance("exported", "PyTorch")) {
            model.load(
                    directory,
                    "m.pt",
                    Map.of("extraFiles", "config.json,note.txt,djl_blocks.json"));
            assertThat(model.getProperty("config.json")).isEqualTo("{\"layers\": 2}");
            assertThat(model.getProperty("note.txt")).isEqualTo("gr\u00fcn");
            JsonObject described =
                    JsonParser.parseString(model.getProperty("djl_blocks.json")).getAsJsonObject();
            JsonObject expected =
                    JsonParser.parseString(
                                    """
                                    {"producer": "djl-blocks", "version": 1,
                                     "block": "CausalLanguageModel", "target": "pytorch_1_13",
                                     "weights": "int8",
                                     "methods": {
                                       "forward": {
                                         "inputs": [
                                           {"name": "ids", "type": "int64", "shape": [-1, -1]}],
                                         "outputs": [
                                           {"type": "float32", "shape": [-1, -1, 23]}],
                                         "caches": "none", "starts_anew": false},
                                       "prefill": {
                                         "inputs": [
                                           {"name": "ids", "type": "int64", "shape": [-1, -1]}],
                                         "outputs": [
                                           {"type": "float32", "shape": [-1, 1, 23]}],
                                         "caches": "state", "starts_anew": true,
                                         "context_length": 12},
                                       "decode": {
                                         "inputs": [
                                           {"name": "ids", "type": "int64", "shape": [-1, -1]}],
                                         "outputs": [
                                           {"type": "float32", "shape": [-1, 1, 23]}],
                                         "caches": "state", "starts_anew": false,
                                         "context_length": 12}},
                                     "cache": [
                                       {"policy": "rolling", "window": 7, "type": "float32",
                                        "keys": [-1, 2, -1, 4], "values": [-1, 2, -1, 4]},
                                       {"policy": "growing", "type": "float32",
                                        "keys": [-1, 2, -1, 4], "values": [-1, 2, -1, 4]}]}
                                    """)
                            .getAsJsonObject();
            assertThat(described).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a/b", "../x", ".hidden", "a b", "djl_blocks.json"})
    void extraFile_ofSuchAName_isRefused(String name) {
        ExportOptions.Builder options = ExportOptions.builder();
        assertThatThrownBy(() -> options.addExtraFile(name, new byte[1]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'"
                                + name
                                + "' cannot be the name of an extra file: take letters, digits,"
                                + " dots, underscores and hyphens, not first a dot, and not"
                                + " djl_blocks.json, which every file has");
    }

    @Test
    void names_thatAreTaken_areRefused() {
        ExportOptions.Builder options =
                ExportOptions.builder()
                        .addExtraFile("a", new byte[1])
                        .addMethod("decode", ids().build())
                        .addMethod("forward", ids().build());
        assertThatThrownBy(() -> options.addExtraFile("a", new byte[2]))
                .hasMessage("two extra files are named 'a': give them different names");
        assertThatThrownBy(() -> options.addMethod("decode", ids().build()))
                .hasMessage("two methods are named 'decode': give them different names");
        options.addInput("x", TOKENS, DataType.INT64);
        assertThatThrownBy(options::build)
                .hasMessage("two methods are named 'forward': give them different names");
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset", "_run", "a b", "lambda", ""})
    void methodName_thatIsNone_isRefused(String name) {
        ExportOptions.Builder options = ExportOptions.builder();
        assertThatThrownBy(() -> options.addMethod(name, ids().build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'"
                                + name
                                + "' cannot be the name of a method: take an identifier of Python"
                                + " that is no word of the language, begins with a letter and is"
                                + " not reset, which empties caches");
    }

    @Test
    void methodNamedAsAPart_isRefused() {
        assertThatThrownBy(
                        () ->
                                TorchScript.export(
                                        llama(),
                                        directory.resolve("m.pt"),
                                        ExportOptions.builder()
                                                .addMethod("embedding", ids().build())
                                                .build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has two parts named 'embedding'");
    }

    @Test
    void inputNamedPast_isRefusedBesideCaches() {
        try (KeyValueCache cache = KeyValueCache.growing(manager, 2)) {
            refused(
                    ExportOptions.builder()
                            .addMethod(
                                    "decode",
                                    ExportMethod.builder()
                                            .addInput("past", TOKENS, DataType.INT64)
                                            .optParams(params(CausalLanguageModel.CACHE, cache))
                                            .optCaches(CacheForm.ARGUMENTS)
                                            .build()),
                    "an input of method decode is named past, as its caches are: give it another"
                            + " name");
        }
    }

    @Test
    void cachesThatAreNotThere_areRefused() {
        refused(
                ExportOptions.builder()
                        .addMethod("decode", ids().optCaches(CacheForm.STATE).build()),
                "method decode says what becomes of its caches, but its params hold none: add one"
                        + " to optParams");
    }

    @Test
    void statesThatDiffer_areRefused() {
        try (KeyValueCache growing = KeyValueCache.growing(manager, 2);
                KeyValueCache rolling = KeyValueCache.rolling(manager, 2, 3)) {
            refused(
                    ExportOptions.builder()
                            .addMethod("prefill", state(growing))
                            .addMethod("decode", state(rolling)),
                    "methods prefill and decode hold different caches, and a module has one state:"
                            + " give them caches of the same policies, and the same blocks");
        }
    }

    private ExportMethod state(KeyValueCache cache) {
        return ids().optParams(params(CausalLanguageModel.CACHE, cache))
                .optCaches(CacheForm.STATE)
                .build();
    }

    @Test
    void rowsOfDifferentLength_areRefused() {
        CausalLanguageModel model = llama();
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 2, 8)) {
            PairList<String, Object> params = params(CausalLanguageModel.CACHE, cache);
            model.forward(
                    new ParameterStore(manager, false),
                    new NDList(SmallModels.ids(manager, 2, 3)),
                    false,
                    params);
            cache.truncate(2, 3);
            refused(
                    ExportOptions.builder().addMethod("decode", state(cache)),
                    "rows of its cache differ in length, which a file does not know: give an empty"
                            + " cache, and pad on the left");
        }
    }
}
