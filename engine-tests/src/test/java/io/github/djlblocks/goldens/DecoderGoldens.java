package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Hugging Face decoder against the outputs of transformers: a subclass names the folder. */
abstract class DecoderGoldens {

    private final Path directory;
    private final Golden golden;
    private final Golden weights;
    private final DecoderConfig config;

    DecoderGoldens(String family) throws IOException, MalformedModelException {
        directory = Golden.path(family);
        golden = Golden.open(family + "/golden.safetensors");
        weights = Golden.open(family + "/model.safetensors");
        config = HuggingFaceModels.readConfig(directory);
    }

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @Test
    void readConfig_defaultsLeftOut_givesTheSameModel(@TempDir Path sparse) throws IOException {
        Files.copy(
                directory.resolve("config_diff.json"),
                sparse.resolve(HuggingFaceModels.CONFIG_FILE));

        assertThat(HuggingFaceModels.readConfig(sparse)).isEqualTo(config);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesTheLogitsAndHiddenStates(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        Set<String> scenarios = new TreeSet<>();
        for (String name : golden.namesAfter("")) {
            if (name.endsWith(".logits")) {
                scenarios.add(name.substring(0, name.indexOf('.')));
            }
        }
        assertThat(scenarios).contains("plain", "left", "right");
        assertThat(golden.namesAfter("plain.attentions.")).isNotEmpty();
        for (String scenario : scenarios) {
            compareScenario(model, scenario, manager, dataType);
        }
    }

    private void compareScenario(
            CausalLanguageModel model, String scenario, NDManager manager, DataType dataType) {
        String prefix = scenario + ".";
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

        long[][] looks = new long[(int) mask.getShape().get(0)][(int) mask.getShape().get(1)];
        long[] flat = mask.toLongArray();
        for (int i = 0; i < flat.length; i++) {
            looks[i / looks[0].length][i % looks[0].length] = flat[i];
        }
        var tolerance = GoldenTolerance.of(dataType, terms());
        golden.assertCloseWhere(looks, prefix + "logits", outputs.get(0), tolerance);
        int states = golden.namesAfter(prefix + "hidden_states.").size();
        assertThat(states).isEqualTo(1 + config.layers());
        assertThat(outputs).hasSize(1 + states + config.layers());
        for (int i = 0; i < states; i++) {
            golden.assertCloseWhere(
                    looks, prefix + "hidden_states." + i, outputs.get(1 + i), tolerance);
        }
        int attentions = golden.namesAfter(prefix + "attentions.").size();
        assertThat(attentions).isIn(0, config.layers());
        var single = GoldenTolerance.ofFloat32Run(dataType, terms());
        for (int i = 0; i < attentions; i++) {
            NDArray weights = outputs.get(1 + states + i);
            golden.assertWeightsCloseWhere(looks, prefix + "attentions." + i, weights, single);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_withoutMask_givesTheLogits(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);

        NDArray logits = forward(model, new NDList(ids), manager, new PairList<>()).get(0);

        golden.assertClose("plain.logits", logits, GoldenTolerance.of(dataType, terms()));
        assertThat(nextTokenLoss(logits, golden.rows("plain.input_ids")))
                .isCloseTo(
                        golden.values("plain.lm_loss")[0],
                        within(GoldenTolerance.of(dataType, terms()).allowed(0, 5)));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_inThreePieces_givesTheLogitsAndTheCache(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
        long length = ids.getShape().get(1);
        long[] ends = {5, length - 1, length};
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            NDList pieces = new NDList();
            long start = 0;
            for (long end : ends) {
                NDArray piece = ids.get(new NDIndex(":, " + start + ":" + end));
                pieces.add(forward(model, new NDList(piece), manager, params).get(0));
                start = end;
            }

            NDArray logits = pieces.get(0).concat(pieces.get(1), 1).concat(pieces.get(2), 1);
            golden.assertClose("plain.logits", logits, GoldenTolerance.of(dataType, terms()));
            compareCache(cache, dataType);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_withCache_leavesTheRotatedKeysAndTheValues(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);

            forward(model, new NDList(ids), manager, params);

            compareCache(cache, dataType);
        }
    }

    /**
     * Rotary attention sees distances only, so no logits tell whether given positions were used;
     * the keys do. Moving every token by the same distance turns each key by it and changes no
     * value.
     */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_laterPositions_turnsTheKeysInTheCache(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden.array("plain.input_ids", manager, DataType.INT64);
        NDArray positions = golden.array("offset.position_ids", manager, DataType.INT64);
        long distance = positions.toLongArray()[0];
        assertThat(distance).isPositive();
        NDArray mask = manager.ones(ids.getShape(), DataType.INT64);
        var tolerance = GoldenTolerance.ofFloat32Run(dataType, terms());
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);

            forward(model, new NDList(ids, mask, positions), manager, params);

            for (int layer = 0; layer < config.layers(); layer++) {
                NDList content = cache.slot(layer).content();
                double[] keys = turned(HostValues.of(content.get(0)), -distance);
                golden.assertClose("plain.cache.key." + layer, keys, tolerance);
                golden.assertClose("plain.cache.value." + layer, content.get(1), tolerance);
            }
        }
    }

    /** Turns keys (B, K, S, D), channel i with channel i + r / 2, by a distance. */
    private double[] turned(double[] keys, long distance) {
        double[] frequencies = config.rotary().inverseFrequencies();
        double[] turned = keys.clone();
        for (int head = 0; head < keys.length; head += config.headDim()) {
            for (int i = 0; i < frequencies.length; i++) {
                double cos = Math.cos(distance * frequencies[i]);
                double sin = Math.sin(distance * frequencies[i]);
                int first = head + i;
                int second = first + frequencies.length;
                turned[first] = keys[first] * cos - keys[second] * sin;
                turned[second] = keys[second] * cos + keys[first] * sin;
            }
        }
        return turned;
    }

    private void compareCache(KeyValueCache cache, DataType dataType) {
        var tolerance = GoldenTolerance.ofFloat32Run(dataType, terms());
        for (int layer = 0; layer < config.layers(); layer++) {
            NDList content = cache.slot(layer).content();
            golden.assertClose("plain.cache.key." + layer, content.get(0), tolerance);
            golden.assertClose("plain.cache.value." + layer, content.get(1), tolerance);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void greedyDecoder_promptsOfTwoLengths_givesTheTokensAndLogits(
            NDManager manager, DataType dataType) throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        long[][] prompts = golden.rows("gen.input_ids");
        long[][] mask = golden.rows("gen.attention_mask");
        long[][] expected = golden.rows("gen.output_ids");
        Shape steps = golden.shape("gen.step_logits");
        long[][] stripped = new long[prompts.length][];
        for (int row = 0; row < prompts.length; row++) {
            int padding = prompts[row].length - (int) Arrays.stream(mask[row]).sum();
            stripped[row] = Arrays.copyOfRange(prompts[row], padding, prompts[row].length);
        }
        GenerationOptions options = GenerationOptions.of((int) steps.get(0));
        double[] logits = new double[(int) steps.size()];
        int step = 0;
        try (GreedyDecoder decoder = GreedyDecoder.start(model, manager, stripped, options)) {
            while (decoder.hasNext()) {
                long[] tokens = decoder.next();
                for (int row = 0; row < tokens.length; row++) {
                    assertThat(tokens[row])
                            .as("token %d of row %d", step, row)
                            .isEqualTo(expected[row][prompts[row].length + step]);
                }
                double[] now = HostValues.of(decoder.logits());
                System.arraycopy(now, 0, logits, step * now.length, now.length);
                step++;
            }
        }
        assertThat(step).isEqualTo((int) steps.get(0));
        golden.assertClose(
                "gen.step_logits", logits, GoldenTolerance.ofFloat32Run(dataType, terms()));
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofEmbeddingsAndAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        model.freezeParameters(false);
        NDArray embeddings = golden.array("plain.hidden_states.0", manager, dataType);
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

        double[] unused = gradients.remove("grad.param.model.embed_tokens.weight");
        assertThat(unused).containsOnly(0);
        Set<String> expected = new TreeSet<>(Set.of("grad.inputs_embeds"));
        golden.namesAfter("grad.param.").forEach(name -> expected.add("grad.param." + name));
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        var tolerance = GoldenTolerance.ofGradient(dataType, terms());
        gradients.forEach((name, gradient) -> golden.assertClose(name, gradient, tolerance));
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
            CausalLanguageModel loaded = Decoders.languageModel(config);
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

        HuggingFaceModels.saveWeights(model, folder, StoredType.F32);

        try (Golden written = Golden.open(folder.resolve("model.safetensors"))) {
            assertThat(written.namesAfter("")).isEqualTo(weights.namesAfter(""));
            for (String name : weights.namesAfter("")) {
                assertThat(written.shape(name)).as(name).isEqualTo(weights.shape(name));
                assertThat(written.values(name)).as(name).containsExactly(weights.values(name));
            }
        }
    }

    private long terms() {
        return GoldenTolerance.terms(config, golden.shape("plain.input_ids").get(1));
    }

    private CausalLanguageModel load(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        return CompiledRun.prepare(HuggingFaceModels.load(directory, manager, dataType), manager);
    }

    private static NDList forward(
            CausalLanguageModel model,
            NDList inputs,
            NDManager manager,
            PairList<String, Object> params) {
        return model.forward(new ParameterStore(manager, false), inputs, false, params);
    }

    /** Mean over rows and positions of {@code ln sum_v exp(z_v) - z_next}. */
    private static double nextTokenLoss(NDArray logits, long[][] ids) {
        double[] z = HostValues.of(logits);
        int vocabulary = (int) logits.getShape().get(2);
        double loss = 0;
        int predicted = 0;
        for (int row = 0; row < ids.length; row++) {
            for (int s = 0; s + 1 < ids[row].length; s++) {
                int from = (row * ids[row].length + s) * vocabulary;
                double sum = 0;
                for (int v = 0; v < vocabulary; v++) {
                    sum += Math.exp(z[from + v]);
                }
                loss += Math.log(sum) - z[from + (int) ids[row][s + 1]];
                predicted++;
            }
        }
        return loss / predicted;
    }
}
