package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** An encoder of a Hugging Face directory against the outputs of transformers. */
abstract class EncoderGoldens {

    static final Shape INPUT = new Shape(2, 11);

    final Path directory;
    final Golden golden;
    final Golden weights;
    final ModelDescription description;
    private final ConfigReader config;
    private final List<String> logits;

    /** Opens a folder; its head gives some outputs, the first of which has gradients. */
    EncoderGoldens(String family, String... logits) throws IOException, MalformedModelException {
        directory = Golden.path(family);
        golden = Golden.open(family + "/golden.safetensors");
        weights = Golden.open(family + "/model.safetensors");
        description = Families.read(directory);
        config = ConfigReader.of(directory.resolve(Families.CONFIG_FILE));
        this.logits = List.of(logits);
    }

    /** The names that the configuration has for heads and for the size of the feed-forward. */
    abstract List<String> sizes();

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesLogitsHiddenStatesAndAttentions(
            NDManager manager, DataType dataType) throws IOException, MalformedModelException {
        KernelBlock model = load(directory, manager, dataType);
        for (String scenario : List.of("plain", "left", "right")) {
            String prefix = scenario + ".";
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.HIDDEN_STATES, true);
            params.add(CausalLanguageModel.ATTENTIONS, true);

            NDList inputs = inputs(prefix, manager);
            NDList outputs = forward(model, inputs, manager, params);

            long[][] looks = looks(inputs.get(1));
            int layers = description.layers();
            Tolerance tolerance = GoldenTolerance.of(dataType, terms());
            Tolerance single = GoldenTolerance.ofFloat32Run(dataType, terms());
            assertThat(outputs).hasSize(logits.size() + layers + 1 + layers);
            golden.assertCloseWhere(looks, prefix + logits.get(0), outputs.get(0), tolerance);
            for (int i = 1; i < logits.size(); i++) {
                // The first token of a row that is padded on the left is padding.
                if (!scenario.equals("left")) {
                    golden.assertClose(prefix + logits.get(i), outputs.get(i), tolerance);
                }
            }
            int at = logits.size();
            for (int i = 0; i <= layers; i++) {
                golden.assertCloseWhere(
                        looks, prefix + "hidden_states." + i, outputs.get(at++), tolerance);
            }
            for (int i = 0; i < layers; i++) {
                golden.assertWeightsCloseWhere(
                        looks, prefix + "attentions." + i, outputs.get(at++), single);
            }
        }
    }

    @EachEngine
    void load_configWithDefaultsLeftOut_givesTheSameModel(NDManager manager, @TempDir Path sparse)
            throws IOException, MalformedModelException {
        Files.copy(directory.resolve("config_diff.json"), sparse.resolve(Families.CONFIG_FILE));
        Files.copy(directory.resolve("model.safetensors"), sparse.resolve("model.safetensors"));
        NDList inputs = inputs("right.", manager);

        NDArray found =
                load(sparse, manager, DataType.FLOAT32)
                        .forward(store(manager), inputs, false)
                        .get(0);

        NDArray expected =
                load(directory, manager, DataType.FLOAT32)
                        .forward(store(manager), inputs, false)
                        .get(0);
        assertThat(HostValues.of(found)).containsExactly(HostValues.of(expected));
    }

    @EachEngine
    void saveWeights_ofALoadedModel_givesTheSameTensors(NDManager manager, @TempDir Path folder)
            throws IOException, MalformedModelException {
        KernelBlock model = load(directory, manager, DataType.FLOAT32);

        HuggingFaceModels.saveWeights(model, description, folder, StoredType.F32);

        try (Golden written = Golden.open(folder.resolve("model.safetensors"))) {
            assertThat(written.namesAfter("")).isEqualTo(weights.namesAfter(""));
            for (String name : weights.namesAfter("")) {
                assertThat(written.values(name)).as(name).containsExactly(weights.values(name));
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofEmbeddingsAndAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        KernelBlock model = load(directory, manager, dataType);
        model.freezeParameters(false);
        String word = description.tensorName("encoder.embeddings.tokens.weight").orElseThrow();
        NDArray table = weights.array(word, manager, dataType);
        NDList inputs = inputs("plain.", manager);
        NDArray embeddings = rows(table, inputs.get(0), manager, dataType);
        NDList embedded = new NDList(embeddings);
        embedded.addAll(inputs.subNDList(1));
        Map<String, NDArray> variables = new LinkedHashMap<>();
        weights.parametersByTensor(model)
                .forEach((name, array) -> variables.put("grad.param." + name, array));
        variables.put("grad.inputs_embeds", embeddings);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () -> model.forward(store(manager), embedded, true).get(0));

        gradients
                .entrySet()
                .removeIf(
                        entry ->
                                !golden.has(entry.getKey())
                                        && Arrays.stream(entry.getValue()).allMatch(v -> v == 0));
        Set<String> expected = new TreeSet<>(Set.of("grad.inputs_embeds"));
        golden.namesAfter("grad.param.").forEach(name -> expected.add("grad.param." + name));
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        Tolerance tolerance = ofGradient(engine, dataType);
        gradients.forEach(
                (name, gradient) ->
                        golden.assertClose(
                                name,
                                gradient,
                                // A key bias moves all scores of a query alike: its gradient is 0.
                                isKeyBias(name) ? tolerance.withMinimumScale(10) : tolerance));
    }

    /**
     * MXNet's derivative of the error function has the float32 number nearest to pi in it, so that
     * float64 gradients are 4e-8 off for each GELU, those of the layers and that of the head,
     * besides the rounding of the stored number: 1.07 times that rounding was measured.
     */
    private Tolerance ofGradient(EngineUnderTest engine, DataType dataType) {
        boolean single = dataType == DataType.FLOAT64 && engine.engineName().equals("MXNet");
        return single
                ? Tolerance.of(DataType.FLOAT32, 2 + description.layers(), 0.51)
                        .deliveredAs(DataType.FLOAT64)
                : GoldenTolerance.ofGradient(dataType, terms());
    }

    private static boolean isKeyBias(String name) {
        return name.endsWith(".key.bias") || name.endsWith(".k_lin.bias");
    }

    static KernelBlock load(Path from, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        LoadOptions options =
                LoadOptions.defaults().withDataType(dataType).withCompile(LoadOptions.Compile.OFF);
        return CompiledRun.prepare(HuggingFaceModels.loadBlock(from, manager, options), manager);
    }

    /** Ids, mask (ones where the scenario has none), and token types where it has them. */
    final NDList inputs(String prefix, NDManager manager) {
        NDArray ids = golden.array(prefix + "input_ids", manager, DataType.INT64);
        NDArray mask =
                golden.has(prefix + "attention_mask")
                        ? golden.array(prefix + "attention_mask", manager, DataType.INT64)
                        : manager.ones(ids.getShape(), DataType.INT64);
        NDList inputs = new NDList(ids, mask);
        if (golden.has(prefix + "token_type_ids")) {
            inputs.add(golden.array(prefix + "token_type_ids", manager, DataType.INT64));
        }
        return inputs;
    }

    static ParameterStore store(NDManager manager) {
        return new ParameterStore(manager, false);
    }

    static NDList forward(
            Block model, NDList inputs, NDManager manager, PairList<String, Object> params) {
        return model.forward(store(manager), inputs, false, params);
    }

    static long[][] looks(NDArray mask) {
        int width = (int) mask.getShape().get(1);
        long[] flat = mask.toLongArray();
        long[][] looks = new long[flat.length / width][];
        for (int row = 0; row < looks.length; row++) {
            looks[row] = Arrays.copyOfRange(flat, row * width, (row + 1) * width);
        }
        return looks;
    }

    private static NDArray rows(NDArray table, NDArray ids, NDManager manager, DataType dataType) {
        double[] values = HostValues.of(table);
        int width = (int) table.getShape().get(1);
        long[] tokens = ids.toLongArray();
        double[] rows = new double[tokens.length * width];
        for (int i = 0; i < tokens.length; i++) {
            System.arraycopy(values, (int) tokens[i] * width, rows, i * width, width);
        }
        return RandomTensors.toNDArray(manager, rows, ids.getShape().add(width), dataType);
    }

    /** Norms, projections, scores, softmax, values and feed-forward of each layer; the head. */
    final long terms() {
        long tokens = golden.shape("plain.input_ids").get(1);
        long e = description.hiddenSize();
        long headDim = e / config.integer(sizes().get(0));
        long attention = e + headDim + 2 * tokens + e;
        long layer = attention + e + config.integer(sizes().get(1)) + 4 * e;
        return description.layers() * layer + 6 * e;
    }

    /** The same from the sizes of a stack. */
    static long terms(StackConfig stack, long tokens) {
        long e = stack.hiddenSize();
        long attention = e + stack.headDim() + 2 * tokens + (long) stack.heads() * stack.headDim();
        long layer = attention + e + stack.feedForwardSize() + 4 * e;
        return stack.layers() * layer + 6 * e;
    }
}
