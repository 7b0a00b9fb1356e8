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
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.parity.CompiledRun;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.position.RotaryEmbedding;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;

/** A whole model, its parts and its gradients against Meta's {@code llama/model.py}. */
final class MetaLlamaGoldenTest {

    private final Golden golden = Golden.open(MetaLlama.FOLDER + "/golden.safetensors");
    private final Golden weights = Golden.open(MetaLlama.FOLDER + "/model.safetensors");
    private final DecoderConfig config =
            MetaLlama.config(weights.shape("layers.0.feed_forward.w1.weight"));
    private final long tokens = golden.shape("tokens").get(1);

    MetaLlamaGoldenTest() throws IOException, MalformedModelException {}

    @AfterEach
    void closeFiles() {
        golden.close();
        weights.close();
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_tokens_givesTheLogits(NDManager manager, DataType dataType)
            throws MalformedModelException {
        CausalLanguageModel model = model(manager, dataType);
        NDArray ids = golden.array("tokens", manager, DataType.INT64);

        NDArray logits = forward(model, ids, manager, new PairList<>());

        golden.assertClose("logits", logits, GoldenTolerance.of(dataType, terms()));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_partsOfALayer_giveTheirOutputs(NDManager manager, DataType dataType)
            throws MalformedModelException {
        MetaLlama.Parts parts = MetaLlama.Parts.of(config, true);
        DecoderLayer layer = load(parts, manager, dataType);
        CompiledRun.prepare(parts.attentionNorm(), manager);
        CompiledRun.prepare(parts.feedForward(), manager);
        NDArray x = golden.array("x", manager, dataType);
        PairList<String, Object> none = new PairList<>();
        long e = config.hiddenSize();

        golden.assertClose(
                "rmsnorm.out",
                forward(parts.attentionNorm(), x, manager, none),
                GoldenTolerance.of(dataType, e));
        golden.assertClose(
                "ffn.out",
                forward(parts.feedForward(), x, manager, none),
                GoldenTolerance.of(dataType, e + config.feedForwardSize()));
        golden.assertClose(
                "block.out",
                forward(layer, x, manager, none),
                GoldenTolerance.of(dataType, GoldenTolerance.termsOfLayer(config, tokens)));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_layerWithoutCausality_givesItsOutput(NDManager manager, DataType dataType)
            throws MalformedModelException {
        DecoderLayer layer = load(MetaLlama.Parts.of(config, false), manager, dataType);
        NDArray x = golden.array("x", manager, dataType);

        golden.assertClose(
                "block_nomask.out",
                forward(layer, x, manager, new PairList<>()),
                GoldenTolerance.of(dataType, GoldenTolerance.termsOfLayer(config, tokens)));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_attention_givesItsOutputAndCache(NDManager manager, DataType dataType)
            throws MalformedModelException {
        MetaLlama.Parts parts = MetaLlama.Parts.of(config, true);
        load(parts, manager, dataType);
        CompiledRun.prepare(parts.attention(), manager);
        NDArray x = golden.array("x", manager, dataType);
        Tolerance tolerance =
                GoldenTolerance.of(dataType, GoldenTolerance.termsOfAttention(config, tokens));
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            AttentionContext context = AttentionContext.none().withCache(cache.slot(0));

            NDArray y = forward(parts.attention(), x, manager, context.toParams());

            golden.assertClose("attention.out", y, tolerance);
            List<String> names = List.of("attention.cache_k", "attention.cache_v");
            for (int i = 0; i < names.size(); i++) {
                NDArray held = cache.slot(0).content().get(i);
                Shape shape = held.getShape();
                assertThat(shape).isEqualTo(new Shape(2, config.keyValueHeads(), tokens, 16));
                double[] tokensFirst = Golden.swapMiddle(HostValues.of(held), shape);
                golden.assertClose(
                        names.get(i),
                        tokensFirst,
                        GoldenTolerance.of(dataType, config.hiddenSize()));
            }
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void rotaryEmbedding_queriesAndKeys_givesTheTurnedOnes(NDManager manager, DataType dataType) {
        RotaryEmbedding rotary = Decoders.rotary(config);
        // An angle is as exact as the position is large.
        Tolerance tolerance = Tolerance.of(dataType, 1, 2).withMinimumScale((double) tokens);
        for (String name : List.of("rope.q", "rope.k")) {
            Shape stored = golden.shape(name);
            Shape headsFirst =
                    new Shape(stored.get(0), stored.get(2), stored.get(1), stored.get(3));
            double[] values = Golden.swapMiddle(golden.values(name), stored);
            NDArray x = RandomTensors.toNDArray(manager, values, headsFirst, dataType);

            NDArray y = forward(rotary, x, manager, new PairList<>());

            double[] turned = Golden.swapMiddle(HostValues.of(y), headsFirst);
            golden.assertClose(name + "_out", turned, tolerance);
        }
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void rotaryTable_everyPosition_hasTheCosinesAndSines(NDManager manager, DataType dataType) {
        int positions = (int) golden.shape("freqs_cos").get(0);
        int pairs = (int) golden.shape("freqs_cos").get(1);
        NDArray steps = manager.arange(positions).toType(DataType.INT64, false);
        RotaryTable table = Decoders.rotary(config).table(steps.reshape(1, positions), dataType);
        double[] cos = HostValues.of(table.cos());
        double[] sin = HostValues.of(table.sin());
        double[] pairCos = new double[positions * pairs];
        double[] pairSin = new double[pairCos.length];
        for (int i = 0; i < pairCos.length; i++) {
            pairCos[i] = cos[2 * i];
            pairSin[i] = sin[2 * i + 1];
            assertThat(cos[2 * i + 1]).isEqualTo(cos[2 * i]);
            assertThat(sin[2 * i]).isEqualTo(-sin[2 * i + 1]);
        }
        Tolerance tolerance =
                dataType == DataType.FLOAT64
                        ? Tolerance.of(dataType, 1, 1).withMinimumScale(positions)
                        : Tolerance.of(dataType, 1, 1);
        golden.assertClose("freqs_cos", pairCos, tolerance);
        golden.assertClose("freqs_sin", pairSin, tolerance);
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void greedyDecoder_prompts_givesTheTokensAndLogits(NDManager manager, DataType dataType)
            throws MalformedModelException {
        CausalLanguageModel model = model(manager, dataType);
        long[][] prompts = golden.rows("gen.input_ids");
        long[][] expected = golden.rows("gen.output_ids");
        Shape steps = golden.shape("gen.step_logits");
        GenerationOptions options = GenerationOptions.of((int) steps.get(0));
        double[] logits = new double[(int) steps.size()];
        int step = 0;
        try (GreedyDecoder decoder = GreedyDecoder.start(model, manager, prompts, options)) {
            while (decoder.hasNext()) {
                long[] next = decoder.next();
                for (int row = 0; row < next.length; row++) {
                    assertThat(next[row])
                            .as("token %d of row %d", step, row)
                            .isEqualTo(expected[row][prompts[row].length + step]);
                }
                double[] now = HostValues.of(decoder.logits());
                System.arraycopy(now, 0, logits, step * now.length, now.length);
                step++;
            }
        }
        assertThat(step).isEqualTo((int) steps.get(0));
        golden.assertClose("gen.step_logits", logits, GoldenTolerance.of(dataType, terms()));
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofAllParameters_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws MalformedModelException {
        CausalLanguageModel model = model(manager, dataType);
        model.freezeParameters(false);
        NDArray ids = golden.array("tokens", manager, DataType.INT64);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        weights.parametersByTensor(model)
                .forEach((name, array) -> variables.put("grad.param." + name, array));

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.R"),
                        () -> train(model, ids, manager));

        compareGradients(gradients, "grad.param.", Set.of(), dataType, terms());
    }

    @EachEngine(dataTypes = {DataType.FLOAT32, DataType.FLOAT64})
    void gradients_ofOneLayer_matchTheReference(
            EngineUnderTest engine, NDManager manager, DataType dataType)
            throws MalformedModelException {
        DecoderLayer layer = load(MetaLlama.Parts.of(config, true), manager, dataType);
        layer.freezeParameters(false);
        NDArray x = golden.array("x", manager, dataType);
        Map<String, NDArray> variables = new LinkedHashMap<>();
        weights.parametersByTensor(layer)
                .forEach(
                        (name, array) ->
                                variables.put(
                                        name.replace("layers.0.", "grad.block.param."), array));
        variables.put("grad.block.x", x);

        Map<String, double[]> gradients =
                Gradients.of(
                        engine,
                        variables,
                        golden.values("grad.block.R"),
                        () -> train(layer, x, manager));

        long terms = GoldenTolerance.termsOfLayer(config, tokens);
        compareGradients(gradients, "grad.block.param.", Set.of("grad.block.x"), dataType, terms);
    }

    private void compareGradients(
            Map<String, double[]> gradients,
            String prefix,
            Set<String> inputs,
            DataType dataType,
            long terms) {
        Set<String> expected = new TreeSet<>(inputs);
        golden.namesAfter(prefix).forEach(name -> expected.add(prefix + name));
        assertThat(gradients.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        Tolerance tolerance = GoldenTolerance.ofGradient(dataType, terms);
        gradients.forEach((name, gradient) -> golden.assertClose(name, gradient, tolerance));
    }

    private CausalLanguageModel model(NDManager manager, DataType dataType)
            throws MalformedModelException {
        CausalLanguageModel model = Decoders.languageModel(config);
        model.freezeParameters(true);
        CheckpointLoader.load(
                model,
                weights.source(),
                MetaLlama.weightMap(),
                manager,
                dataType,
                new Shape(-1, -1));
        return CompiledRun.prepare(model, manager);
    }

    private DecoderLayer load(MetaLlama.Parts parts, NDManager manager, DataType dataType)
            throws MalformedModelException {
        DecoderLayer layer = parts.layer();
        layer.freezeParameters(true);
        CheckpointLoader.load(
                layer,
                weights.source(),
                MetaLlama.layerWeightMap(),
                manager,
                dataType,
                new Shape(-1, -1, config.hiddenSize()));
        return CompiledRun.prepare(layer, manager);
    }

    private long terms() {
        return GoldenTolerance.terms(config, tokens);
    }

    private static NDArray forward(
            Block block, NDArray x, NDManager manager, PairList<String, Object> params) {
        return block.forward(new ParameterStore(manager, false), new NDList(x), false, params)
                .get(0);
    }

    private static NDArray train(Block block, NDArray x, NDManager manager) {
        return block.forward(
                        new ParameterStore(manager, false), new NDList(x), true, new PairList<>())
                .get(0);
    }
}
