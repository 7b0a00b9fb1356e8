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
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.HeadedEncoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;

/** A masked language model of Hugging Face against the outputs of transformers. */
abstract class EncoderGoldens {

    static final Shape INPUT = new Shape(2, 11);

    final Golden golden;
    final Golden weights;
    final NamedWeights names;
    final EncoderConfig config;
    private final String logits;

    EncoderGoldens(String family, EncoderConfig config, String logits)
            throws IOException, MalformedModelException {
        golden = Golden.open(family + "/golden.safetensors");
        weights = Golden.open(family + "/model.safetensors");
        names = new NamedWeights(weights, "", this::tensor);
        this.config = config;
        this.logits = logits;
    }

    /** The name of the tensor that a parameter holds. */
    abstract String tensor(String path);

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesLogitsHiddenStatesAndAttentions(
            NDManager manager, DataType dataType) {
        HeadedEncoder model = load(manager, dataType);
        for (String scenario : List.of("plain", "left", "right")) {
            String prefix = scenario + ".";
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.HIDDEN_STATES, true);
            params.add(CausalLanguageModel.ATTENTIONS, true);

            NDList inputs = inputs(prefix, manager);
            NDList outputs = forward(model, inputs, manager, params);

            long[][] looks = looks(inputs.get(1));
            int layers = config.stack().layers();
            Tolerance tolerance = GoldenTolerance.of(dataType, terms(config.stack(), 11));
            Tolerance single = GoldenTolerance.ofFloat32Run(dataType, terms(config.stack(), 11));
            assertThat(outputs).hasSize(1 + layers + 1 + layers);
            golden.assertCloseWhere(looks, prefix + logits, outputs.get(0), tolerance);
            for (int i = 0; i <= layers; i++) {
                golden.assertCloseWhere(
                        looks, prefix + "hidden_states." + i, outputs.get(1 + i), tolerance);
            }
            for (int i = 0; i < layers; i++) {
                golden.assertWeightsCloseWhere(
                        looks, prefix + "attentions." + i, outputs.get(2 + layers + i), single);
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofEmbeddingsAndAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        HeadedEncoder model = load(manager, dataType);
        NDArray table =
                weights.array(tensor("encoder.embeddings.tokens.weight"), manager, dataType);
        NDList inputs = inputs("plain.", manager);
        NDArray embeddings = rows(table, inputs.get(0), manager, dataType);
        NDList embedded = new NDList(embeddings);
        embedded.addAll(inputs.subNDList(1));
        Map<String, NDArray> variables = new LinkedHashMap<>();
        names.arrays(model).forEach((name, array) -> variables.put("grad.param." + name, array));
        variables.put("grad.inputs_embeds", embeddings);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () -> model.forward(store(manager), embedded, true).get(0));

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
                ? Tolerance.of(DataType.FLOAT32, 2 + config.stack().layers(), 0.51)
                        .deliveredAs(DataType.FLOAT64)
                : GoldenTolerance.ofGradient(dataType, terms(config.stack(), 11));
    }

    private boolean isKeyBias(String name) {
        return names(config.stack().layers()).contains(name);
    }

    private Set<String> names(int layers) {
        Set<String> biases = new TreeSet<>();
        for (int i = 0; i < layers; i++) {
            biases.add(
                    "grad.param." + tensor("encoder.layers." + i + ".attention.sublayer.key.bias"));
        }
        return biases;
    }

    final HeadedEncoder load(NDManager manager, DataType dataType) {
        HeadedEncoder model = Encoders.maskedLanguageModel(config);
        names.load(model, manager, dataType, INPUT);
        return CompiledRun.prepare(model, manager);
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
    static long terms(StackConfig stack, long tokens) {
        long e = stack.hiddenSize();
        long attention = e + stack.headDim() + 2 * tokens + (long) stack.heads() * stack.headDim();
        long layer = attention + e + stack.feedForwardSize() + 4 * e;
        return stack.layers() * layer + 6 * e;
    }
}
