package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;

/**
 * A decoder of transformers put together by hand from the blocks: what its layers are is said by
 * the subclass, as code, from the sizes of the config.
 */
abstract class ComposedDecoderGoldens {

    private static final String EMBEDDING = "embedding.weight";

    private final JsonObject config;
    private final Golden golden;
    private final Golden weights;
    private final NamedWeights names;

    ComposedDecoderGoldens(String family) throws IOException, MalformedModelException {
        String text = Files.readString(Golden.path("hf/" + family).resolve("config.json"));
        config = JsonParser.parseString(text).getAsJsonObject();
        golden = Golden.open("hf/" + family + "/golden.safetensors");
        weights = Golden.open("hf/" + family + "/model.safetensors");
        names = new NamedWeights(weights, "", this::tensor, this::isConv1d);
    }

    /** Puts the model together, not initialised. */
    abstract CausalLanguageModel newModel();

    /** The tensor that is a parameter. */
    abstract String tensor(String path);

    /** The terms summed from the embeddings to the logits. */
    abstract long terms();

    /** Whether a tensor is (in, out). */
    boolean isConv1d(String name) {
        return false;
    }

    /** Whether attentions and keys of the reference can be compared with ours as they are. */
    boolean keepsAttentions() {
        return true;
    }

    /** Whether keys and values of the reference are those in our cache. */
    boolean keepsCache() {
        return keepsAttentions();
    }

    /** Keys of our cache, their channels in the order of the reference. */
    NDArray keysOfReference(NDArray keys) {
        return keys;
    }

    int integer(String field) {
        return config.get(field).getAsInt();
    }

    int integer(String field, int otherwise) {
        return config.has(field) ? integer(field) : otherwise;
    }

    JsonObject object(String field) {
        return config.getAsJsonObject(field);
    }

    double number(String field) {
        return config.get(field).getAsDouble();
    }

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesLogitsStatesAndWeights(NDManager manager, DataType dataType) {
        compareScenarios(loaded(newModel(), manager, dataType), manager, dataType);
    }

    /** Compares a pass over each scenario there is. */
    final void compareScenarios(CausalLanguageModel model, NDManager manager, DataType dataType) {
        names.assertTotal(model);
        Set<String> scenarios = new TreeSet<>();
        for (String name : golden.namesAfter("")) {
            if (name.endsWith(".logits")) {
                scenarios.add(name.substring(0, name.indexOf('.')));
            }
        }
        assertThat(scenarios).contains("plain", "left", "right");
        for (String scenario : scenarios) {
            compare(model, scenario + ".", manager, dataType);
        }
    }

    private void compare(
            CausalLanguageModel model, String prefix, NDManager manager, DataType dataType) {
        NDArray ids = golden.array(prefix + "input_ids", manager, DataType.INT64);
        NDArray mask =
                golden.has(prefix + "attention_mask")
                        ? golden.array(prefix + "attention_mask", manager, DataType.INT64)
                        : manager.ones(ids.getShape(), DataType.INT64);
        NDList inputs = new NDList(ids, mask);
        if (golden.has(prefix + "position_ids")) {
            inputs.add(golden.array(prefix + "position_ids", manager, DataType.INT64));
        }
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.HIDDEN_STATES, true);
        params.add(CausalLanguageModel.ATTENTIONS, true);

        NDList outputs = forward(model, inputs, manager, params);

        long[][] looks = EncoderGoldens.looks(mask);
        Tolerance tolerance = GoldenTolerance.of(dataType, terms());
        golden.assertCloseWhere(looks, prefix + "logits", outputs.get(0), tolerance);
        int states = golden.namesAfter(prefix + "hidden_states.").size();
        assertThat(states).isEqualTo(1 + model.getLayers());
        for (int i = 0; i < states; i++) {
            String name = prefix + "hidden_states." + i;
            golden.assertCloseWhere(looks, name, outputs.get(1 + i), tolerance);
        }
        Tolerance single = GoldenTolerance.ofFloat32Run(dataType, terms());
        int attentions = golden.namesAfter(prefix + "attentions.").size();
        for (int i = 0; keepsAttentions() && i < attentions; i++) {
            NDArray found = outputs.get(1 + states + i);
            golden.assertWeightsCloseWhere(looks, prefix + "attentions." + i, found, single);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_tokenByToken_givesTheLogitsAndTheCache(NDManager manager, DataType dataType) {
        CausalLanguageModel model = loaded(newModel(), manager, dataType);
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            compareTokenByToken(model, cache, manager, dataType);
            Tolerance single = GoldenTolerance.ofFloat32Run(dataType, terms());
            for (int layer = 0; keepsCache() && layer < model.getLayers(); layer++) {
                NDList content = cache.slot(layer).content();
                NDArray keys = keysOfReference(content.get(0));
                golden.assertClose("plain.cache.key." + layer, keys, single);
                golden.assertClose("plain.cache.value." + layer, content.get(1), single);
            }
        }
    }

    /** Compares the logits of tokens given one at a time. */
    final void compareTokenByToken(
            CausalLanguageModel model, KeyValueCache cache, NDManager manager, DataType dataType) {
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        NDList pieces = new NDList();
        for (long at = 0; at < ids.getShape().get(1); at++) {
            NDList token = new NDList(ids.get(":, " + at + ":" + (at + 1)));
            pieces.add(forward(model, token, manager, params).get(0));
        }
        NDArray joined = NDArrays.concat(pieces, 1);
        golden.assertClose("plain.logits", joined, GoldenTolerance.of(dataType, terms()));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_generatedTokensAfterPaddingOnTheLeft_givesTheLogitsOfEveryStep(
            NDManager manager, DataType dataType) {
        compareGenerated(loaded(newModel(), manager, dataType), manager, dataType);
    }

    /** Compares the logits of each step of a generation that is told the reference's tokens. */
    final void compareGenerated(CausalLanguageModel model, NDManager manager, DataType dataType) {
        long[][] ids = golden.rows("gen.output_ids");
        long[][] prompt = golden.rows("gen.attention_mask");
        int steps = Math.toIntExact(golden.shape("gen.step_logits").get(0));
        int start = prompt[0].length;
        NDList pieces = new NDList();
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            params.add(CausalLanguageModel.LAST_ONLY, true);
            for (int step = 0; step < steps; step++) {
                int from = step == 0 ? 0 : start + step - 1;
                int to = start + step;
                long[][] mask = new long[ids.length][];
                long[][] tokens = new long[ids.length][];
                long[][] positions = new long[ids.length][];
                for (int row = 0; row < ids.length; row++) {
                    mask[row] = Arrays.copyOf(prompt[row], to);
                    Arrays.fill(mask[row], start, to, 1);
                    tokens[row] = Arrays.copyOfRange(ids[row], from, to);
                    positions[row] = Arrays.copyOfRange(positions(mask[row]), from, to);
                }
                NDList inputs =
                        new NDList(
                                manager.create(tokens),
                                manager.create(mask),
                                manager.create(positions));
                pieces.add(forward(model, inputs, manager, params).get(0));
            }
        }
        NDArray joined = NDArrays.concat(pieces, 1).swapAxes(0, 1);
        golden.assertClose(
                "gen.step_logits", joined, GoldenTolerance.ofFloat32Run(dataType, terms()));
    }

    /** Positions that count the tokens that are no padding. */
    private static long[] positions(long[] mask) {
        long[] positions = new long[mask.length];
        long seen = 0;
        for (int i = 0; i < mask.length; i++) {
            positions[i] = mask[i] == 0 ? 1 : seen++;
        }
        return positions;
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofEmbeddingsAndAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType) {
        CausalLanguageModel model = loaded(newModel(), manager, dataType);
        NDArray embeddings = embedded(manager, dataType);
        Map<String, NDArray> variables = new LinkedHashMap<>(names.arrays(model));
        variables.put("grad.inputs_embeds", embeddings);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () ->
                                forward(model, new NDList(embeddings), manager, new PairList<>())
                                        .get(0));

        Tolerance tolerance = GoldenTolerance.ofGradient(dataType, terms());
        golden.assertClose(
                "grad.inputs_embeds",
                Objects.requireNonNull(gradients.get("grad.inputs_embeds")),
                tolerance);
        for (String name : golden.namesAfter("grad.param.")) {
            double[] found = Objects.requireNonNull(gradients.get(name), name);
            double[] theirs = names.asStored(name, found);
            golden.assertClose("grad.param." + name, theirs, tolerance);
        }
    }

    /** What enters transformers as inputs_embeds: rows of the table. */
    private NDArray embedded(NDManager manager, DataType dataType) {
        double[] table = weights.values(tensor(EMBEDDING));
        double[] ids = golden.values("plain.input_ids");
        Shape shape = golden.shape("plain.input_ids");
        int width = table.length / (int) weights.shape(tensor(EMBEDDING)).get(0);
        double[] rows = new double[ids.length * width];
        for (int i = 0; i < ids.length; i++) {
            int row = (int) ids[i];
            System.arraycopy(table, row * width, rows, i * width, width);
        }
        return RandomTensors.toNDArray(manager, rows, shape.add(width), dataType);
    }

    final CausalLanguageModel loaded(
            CausalLanguageModel model, NDManager manager, DataType dataType) {
        names.load(model, manager, dataType, new Shape(1, 1));
        return CompiledRun.prepare(model, manager);
    }

    private static NDList forward(
            CausalLanguageModel model,
            NDList inputs,
            NDManager manager,
            PairList<String, Object> params) {
        return model.forward(new ParameterStore(manager, false), inputs, false, params);
    }
}
