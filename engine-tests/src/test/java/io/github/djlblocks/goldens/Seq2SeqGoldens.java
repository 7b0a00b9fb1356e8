package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GenerationResult;
import io.github.djlblocks.generate.TokenGenerator;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.EncoderDecoder;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.Seq2SeqDecoder;
import io.github.djlblocks.model.StackConfig;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
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
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An encoder-decoder of Hugging Face against the outputs of transformers. */
abstract class Seq2SeqGoldens {

    private static final Shape SOURCE = new Shape(2, 11);
    private static final Shape TARGET = new Shape(2, 7);

    private final Golden golden;
    private final Golden weights;
    private final Path directory;
    private final ModelDescription description;
    private final Seq2SeqConfig config;

    Seq2SeqGoldens(String family) throws IOException, MalformedModelException {
        directory = Golden.path(family);
        golden = Golden.open(family + "/golden.safetensors");
        weights = Golden.open(family + "/model.safetensors");
        description = HuggingFaceModels.describe(directory);
        config = description.seq2Seq().orElseThrow().config();
    }

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @Test
    void decoderStartTokens_ofTheConfig_areWhatTheReferenceStartedFrom() {
        for (long[] row : golden.rows("gen.output_ids")) {
            assertThat(description.decoderStartTokens()).containsExactly(row[0]);
        }
    }

    @EachEngine
    void load_configWithDefaultsLeftOut_givesTheSameModel(NDManager manager, @TempDir Path sparse)
            throws IOException, MalformedModelException {
        Files.copy(directory.resolve("config_diff.json"), sparse.resolve(Families.CONFIG_FILE));
        Files.copy(directory.resolve("model.safetensors"), sparse.resolve("model.safetensors"));
        NDList inputs = inputs("plain.", manager);

        NDArray logits = logits(load(sparse, manager, DataType.FLOAT32), inputs, manager);

        NDArray expected = logits(load(manager, DataType.FLOAT32), inputs, manager);
        assertThat(HostValues.of(logits)).containsExactly(HostValues.of(expected));
        assertThat(HuggingFaceModels.describe(sparse).decoderStartTokens())
                .isEqualTo(description.decoderStartTokens());
        assertThat(HuggingFaceModels.describe(sparse).endTokens())
                .isEqualTo(description.endTokens());
    }

    @EachEngine
    void saveWeights_ofALoadedModel_givesTheSameTensors(NDManager manager, @TempDir Path folder)
            throws IOException, MalformedModelException {
        EncoderDecoder model = load(manager, DataType.FLOAT32);

        HuggingFaceModels.saveWeights(model, description, folder, StoredType.F32);

        try (Golden written = Golden.open(folder.resolve("model.safetensors"))) {
            assertThat(written.namesAfter("")).isEqualTo(weights.namesAfter(""));
            for (String name : weights.namesAfter("")) {
                assertThat(written.shape(name)).as(name).isEqualTo(weights.shape(name));
                assertThat(written.values(name)).as(name).containsExactly(weights.values(name));
            }
        }
    }

    private static NDArray logits(EncoderDecoder model, NDList inputs, NDManager manager) {
        return model.forward(EncoderGoldens.store(manager), inputs, false).get(0);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesLogitsHiddenStatesAndAttentions(
            NDManager manager, DataType dataType) throws IOException, MalformedModelException {
        EncoderDecoder model = load(manager, dataType);
        for (String scenario : List.of("plain", "right")) {
            String prefix = scenario + ".";
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.HIDDEN_STATES, true);
            params.add(CausalLanguageModel.ATTENTIONS, true);
            NDList inputs = inputs(prefix, manager);

            NDList found = model.forward(EncoderGoldens.store(manager), inputs, false, params);

            NDArray mask = inputs.size() > 2 ? inputs.get(2) : manager.ones(SOURCE, DataType.INT64);
            long[][] source = EncoderGoldens.looks(mask);
            long[][] target = EncoderGoldens.looks(manager.ones(TARGET, DataType.INT64));
            Tolerance tolerance = Tolerance.of(dataType, terms(), scoreSize());
            Tolerance single = GoldenTolerance.ofFloat32Run(dataType, terms());
            Tolerance weight =
                    Tolerance.of(DataType.FLOAT32, terms(), 2 * scoreSize()).deliveredAs(dataType);
            int layers = config.decoder().stack().layers();
            int at = 0;
            golden.assertClose(prefix + "logits", found.get(at++), tolerance);
            for (int i = 0; i <= layers; i++) {
                String name = prefix + "decoder_hidden_states." + i;
                golden.assertClose(name, found.get(at++), tolerance);
            }
            for (int i = 0; i < layers; i++) {
                String name = prefix + "decoder_attentions." + i;
                golden.assertWeightsCloseWhere(target, name, found.get(at++), weight);
            }
            for (int i = 0; i < layers; i++) {
                String name = prefix + "cross_attentions." + i;
                golden.assertWeightsCloseWhere(target, name, found.get(at++), weight);
            }
            String last = prefix + "encoder_last_hidden_state";
            golden.assertCloseWhere(source, last, found.get(at++), single);
            int encoderLayers = config.encoder().stack().layers();
            for (int i = 0; i <= encoderLayers; i++) {
                String name = prefix + "encoder_hidden_states." + i;
                golden.assertCloseWhere(source, name, found.get(at++), tolerance);
            }
            for (int i = 0; i < encoderLayers; i++) {
                String name = prefix + "encoder_attentions." + i;
                golden.assertWeightsCloseWhere(source, name, found.get(at++), weight);
            }
            assertThat(found).hasSize(at);
        }
    }

    /** The encoder once, the decoder a token at a time: its past and the memory are cached. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void decoder_greedyWithCaches_givesTheTokensAndLogits(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        EncoderDecoder model = load(manager, dataType);
        NDArray mask = golden.array("gen.attention_mask", manager, DataType.INT64);
        NDArray memory =
                model.getEncoder()
                        .forward(
                                EncoderGoldens.store(manager),
                                new NDList(
                                        golden.array("gen.input_ids", manager, DataType.INT64),
                                        mask),
                                false)
                        .get(0);
        long[][] expected = golden.rows("gen.output_ids");
        Shape steps = golden.shape("gen.step_logits");
        double[] logits = new double[(int) steps.size()];
        int rows = (int) steps.get(1);
        int vocabulary = (int) steps.get(2);
        int layers = model.getDecoder().getLayers();
        try (KeyValueCache cache = KeyValueCache.growing(manager, layers);
                KeyValueCache memoryCache = KeyValueCache.memory(manager, layers)) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);
            params.add(Seq2SeqDecoder.MEMORY_CACHE, memoryCache);
            long[] tokens = new long[rows];
            Arrays.fill(tokens, description.decoderStartTokens().get(0));
            for (int step = 0; step < steps.get(0); step++) {
                NDArray ids = manager.create(tokens, new Shape(rows, 1));
                NDArray next =
                        model.getDecoder()
                                .forward(
                                        EncoderGoldens.store(manager),
                                        new NDList(ids, memory, mask),
                                        false,
                                        params)
                                .get(0);
                double[] now = HostValues.of(next);
                System.arraycopy(now, 0, logits, step * now.length, now.length);
                for (int row = 0; row < rows; row++) {
                    assertThat(argMax(now, row * vocabulary, vocabulary))
                            .as("token %d of row %d", step, row)
                            .isEqualTo(expected[row][step + 1]);
                    tokens[row] = expected[row][step + 1];
                }
            }
            assertThat(cache.length()).isEqualTo(steps.get(0));
            assertThat(memoryCache.length()).isEqualTo(SOURCE.get(1));
        }
        golden.assertClose(
                "gen.step_logits", logits, GoldenTolerance.ofFloat32Run(dataType, terms()));
    }

    /** The sources without their padding, which the generator puts back. */
    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void tokenGenerator_sources_givesTheTokens(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        EncoderDecoder model = load(manager, dataType);
        long[][] sources = golden.rows("gen.input_ids");
        long[][] mask = golden.rows("gen.attention_mask");
        long[][] expected = golden.rows("gen.output_ids");
        for (int row = 0; row < sources.length; row++) {
            int length = (int) Arrays.stream(mask[row]).sum();
            assertThat(mask[row]).startsWith(LongStream.generate(() -> 1).limit(length).toArray());
            sources[row] = Arrays.copyOf(sources[row], length);
        }
        List<GenerationResult> results =
                TokenGenerator.of(model, manager, description.decoderStartTokens().get(0))
                        .generate(sources, GenerationOptions.of(expected[0].length - 1));
        for (int row = 0; row < sources.length; row++) {
            assertThat(results.get(row).tokens())
                    .as("row %d", row)
                    .isEqualTo(Arrays.copyOfRange(expected[row], 1, expected[row].length));
        }
    }

    private static long argMax(double[] values, int from, int count) {
        int best = 0;
        for (int i = 1; i < count; i++) {
            best = values[from + i] > values[from + best] ? i : best;
        }
        return best;
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        EncoderDecoder model = load(manager, dataType);
        model.freezeParameters(false);
        NDList inputs = inputs("plain.", manager);
        Set<String> expected = golden.namesAfter("grad.param.");
        Map<String, NDArray> variables = new LinkedHashMap<>();
        ParameterPaths.of(model)
                .forEach(
                        (path, parameter) -> {
                            String name = description.tensorName(path).orElseThrow();
                            if (expected.contains(name)) {
                                variables.put("grad.param." + name, parameter.getArray());
                            }
                        });

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () -> model.forward(EncoderGoldens.store(manager), inputs, true).get(0));

        assertThat(new TreeSet<>(gradients.keySet()))
                .isEqualTo(
                        expected.stream()
                                .map(name -> "grad.param." + name)
                                .collect(Collectors.toCollection(TreeSet::new)));
        Tolerance tolerance = ofGradient(dataType);
        gradients.forEach(
                (name, gradient) ->
                        golden.assertClose(
                                name,
                                gradient,
                                // A key bias moves all scores of a query alike: its gradient is 0.
                                name.endsWith("k_proj.bias")
                                        ? tolerance.withMinimumScale(10)
                                        : tolerance));
    }

    private Tolerance ofGradient(DataType dataType) {
        return dataType == DataType.FLOAT64
                ? GoldenTolerance.ofGradient(dataType, terms())
                : Tolerance.of(dataType, 3 * terms(), scoreSize());
    }

    /**
     * The absolute error of a score is the relative one of its weight, and scores without their
     * usual factor {@code 1 / sqrt(D)}, as those of T5, are that much larger: 1.1 times what scaled
     * ones are allowed was measured in a forward pass, 1.3 times in a weight of it, compiled, 1.6
     * times in a gradient.
     */
    private double scoreSize() {
        StackConfig stack = config.decoder().stack();
        return stack.attentionScale() * Math.sqrt(stack.headDim());
    }

    private EncoderDecoder load(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        return load(directory, manager, dataType);
    }

    private static EncoderDecoder load(Path from, NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        boolean compiled = CompiledRun.isAsked(manager);
        LoadOptions options =
                LoadOptions.defaults()
                        .withDataType(dataType)
                        .withCompile(
                                compiled ? LoadOptions.Compile.REQUIRED : LoadOptions.Compile.OFF);
        return (EncoderDecoder) HuggingFaceModels.loadBlock(from, manager, options);
    }

    private NDList inputs(String prefix, NDManager manager) {
        NDList inputs =
                new NDList(
                        golden.array(prefix + "input_ids", manager, DataType.INT64),
                        golden.array(prefix + "decoder_input_ids", manager, DataType.INT64));
        if (golden.has(prefix + "attention_mask")) {
            inputs.add(golden.array(prefix + "attention_mask", manager, DataType.INT64));
        }
        return inputs;
    }

    private long terms() {
        return EncoderGoldens.terms(config.encoder().stack(), 11)
                + 2 * EncoderGoldens.terms(config.decoder().stack(), 11);
    }
}
