package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * The parameters of a Hugging Face decoder against transformers: what is loaded, saved and
 * differentiated.
 */
abstract class DecoderParameterGoldens {

    private final Path directory;
    private final Golden golden;
    private final Golden weights;
    private final ModelDescription description;

    DecoderParameterGoldens(String family) throws IOException, MalformedModelException {
        directory = Golden.path(family);
        golden = Golden.open(family + "/golden.safetensors");
        weights = Golden.open(family + "/model.safetensors");
        description = HuggingFaceModels.describe(directory);
    }

    final Golden golden() {
        return golden;
    }

    final ModelDescription description() {
        return description;
    }

    /** The terms summed from the embeddings to the logits. */
    long terms() {
        return GoldenTolerance.terms(
                description.decoderConfig().orElseThrow(), golden.shape("plain.input_ids").get(1));
    }

    /** Tensors that take part in no derivative. */
    Set<String> tensorsWithoutGradient() {
        return Set.of();
    }

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @EachEngine
    void load_configWithDefaultsLeftOut_givesTheSameModel(NDManager manager, @TempDir Path sparse)
            throws IOException, MalformedModelException {
        Files.copy(directory.resolve("config_diff.json"), sparse.resolve(Families.CONFIG_FILE));
        Files.copy(directory.resolve("model.safetensors"), sparse.resolve("model.safetensors"));
        CausalLanguageModel whole = load(directory, manager, DataType.FLOAT32);
        CausalLanguageModel left = load(sparse, manager, DataType.FLOAT32);
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);

        NDArray logits = forward(left, new NDList(ids), manager, new PairList<>()).get(0);

        NDArray expected = forward(whole, new NDList(ids), manager, new PairList<>()).get(0);
        assertThat(HostValues.of(logits)).containsExactly(HostValues.of(expected));
        assertThat(left.getContextLength()).isEqualTo(whole.getContextLength());
    }

    private String table() {
        return description.tensorName(description.tablePath().orElseThrow()).orElseThrow();
    }

    /** What enters transformers as inputs_embeds: rows of the table. */
    private NDArray embedded(NDManager manager, DataType dataType) {
        double[] table = weights.values(table());
        long[][] ids = golden.rows("plain.input_ids");
        int width = table.length / (int) weights.shape(table()).get(0);
        double[] rows = new double[ids.length * ids[0].length * width];
        int at = 0;
        for (long[] row : ids) {
            for (long id : row) {
                System.arraycopy(table, (int) id * width, rows, at, width);
                at += width;
            }
        }
        return RandomTensors.toNDArray(
                manager, rows, golden.shape("plain.input_ids").add(width), dataType);
    }

    /** Numbers of a parameter in the order of its tensor. */
    private double[] asStored(String name, double[] numbers) {
        String tensor = name.replaceFirst("^grad\\.param\\.", "");
        if (!description.isTransposed(tensor)) {
            return numbers;
        }
        Shape stored = weights.shape(tensor);
        int rows = Math.toIntExact(stored.get(0));
        int columns = Math.toIntExact(stored.get(1));
        double[] turned = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            turned[i] = numbers[i % columns * rows + i / columns];
        }
        return turned;
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofEmbeddingsAndAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        model.freezeParameters(false);
        NDArray embeddings = embedded(manager, dataType);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        weights.parametersByTensor(model)
                .forEach((name, array) -> variables.put("grad.param." + name, array));
        variables.put("grad.inputs_embeds", embeddings);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () ->
                                model.forward(
                                                new ParameterStore(manager, false),
                                                new NDList(embeddings),
                                                true,
                                                new PairList<>())
                                        .get(0));

        String table = "grad.param." + table();
        if (!golden.has(table)) {
            // Rows went in, and the head is another matrix.
            assertThat(gradients.remove(table)).containsOnly(0);
        }
        for (String name : tensorsWithoutGradient()) {
            assertThat(gradients.remove("grad.param." + name)).as(name).containsOnly(0);
        }
        Set<String> expected = new TreeSet<>(Set.of("grad.inputs_embeds"));
        golden.namesAfter("grad.param.").forEach(name -> expected.add("grad.param." + name));
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        var tolerance = GoldenTolerance.ofGradient(dataType, terms());
        gradients.forEach(
                (name, gradient) -> golden.assertClose(name, asStored(name, gradient), tolerance));
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void save_loadedOnEveryEngine_givesTheSameParametersAndLogits(
            EngineUnderTest engine, NDManager manager, DataType dataType, @TempDir Path folder)
            throws IOException, MalformedModelException {
        CausalLanguageModel saved = HuggingFaceModels.load(directory, manager, dataType);
        try (Model model = Model.newInstance("golden", engine.device(), engine.engineName())) {
            model.setDataType(dataType);
            model.setBlock(saved);
            model.save(folder, "golden");
            for (EngineUnderTest other : EnginesUnderTest.discover()) {
                loadAndCompare(saved, other, folder, dataType);
            }
        }
    }

    private void loadAndCompare(
            CausalLanguageModel saved, EngineUnderTest engine, Path folder, DataType dataType)
            throws IOException, MalformedModelException {
        try (Model model = Model.newInstance("golden", engine.device(), engine.engineName())) {
            CausalLanguageModel loaded = (CausalLanguageModel) description.newBlock();
            model.setDataType(dataType);
            model.setBlock(loaded);
            model.load(folder, "golden");
            assertThat(loaded.getParameters().size()).isEqualTo(saved.getParameters().size());
            for (Pair<String, Parameter> pair : loaded.getParameters()) {
                NDArray before = saved.getParameters().get(pair.getKey()).getArray();
                NDArray after = pair.getValue().getArray();
                assertThat(after.getDataType()).isEqualTo(before.getDataType());
                assertThat(HostValues.of(after))
                        .as(pair.getKey())
                        .containsExactly(HostValues.of(before));
            }
            NDManager manager = model.getNDManager();
            NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
            NDArray logits = forward(loaded, new NDList(ids), manager, new PairList<>()).get(0);
            golden.assertClose("plain.logits", logits, GoldenTolerance.of(dataType, terms()));
        }
    }

    @EachEngine
    void saveWeights_ofALoadedModel_givesTheSameTensors(NDManager manager, @TempDir Path folder)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = HuggingFaceModels.load(directory, manager, DataType.FLOAT32);

        HuggingFaceModels.saveWeights(model, description, folder, StoredType.F32);

        try (Golden written = Golden.open(folder.resolve("model.safetensors"))) {
            assertThat(written.namesAfter("")).isEqualTo(weights.namesAfter(""));
            for (String name : weights.namesAfter("")) {
                assertThat(written.shape(name)).as(name).isEqualTo(weights.shape(name));
                assertThat(written.values(name)).as(name).containsExactly(weights.values(name));
            }
        }
    }

    final CausalLanguageModel load(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        return CompiledRun.prepare(load(directory, manager, dataType), manager);
    }

    private static CausalLanguageModel load(Path from, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        return HuggingFaceModels.load(from, manager, dataType);
    }

    static NDList forward(
            CausalLanguageModel model,
            NDList inputs,
            NDManager manager,
            PairList<String, Object> params) {
        return model.forward(new ParameterStore(manager, false), inputs, false, params);
    }
}
