package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.generate.GenerationOptions;
import io.github.djlblocks.generate.GreedyDecoder;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/** A Hugging Face decoder against the outputs of transformers: a subclass names the folder. */
abstract class DecoderGoldens extends DecoderParameterGoldens {

    DecoderGoldens(String family) throws IOException, MalformedModelException {
        super(family);
    }

    /** Keys of our cache, their channels in the order of the reference. */
    NDArray keysOfReference(NDArray keys) {
        return keys;
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_everyScenario_givesTheLogitsAndHiddenStates(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        Set<String> scenarios = new TreeSet<>();
        for (String name : golden().namesAfter("")) {
            if (name.endsWith(".logits")) {
                scenarios.add(name.substring(0, name.indexOf('.')));
            }
        }
        assertThat(scenarios).contains("plain", "left", "right");
        assertThat(golden().namesAfter("plain.attentions.")).isNotEmpty();
        for (String scenario : scenarios) {
            compareScenario(model, scenario, manager, dataType);
        }
    }

    private void compareScenario(
            CausalLanguageModel model, String scenario, NDManager manager, DataType dataType) {
        String prefix = scenario + ".";
        NDArray ids = golden().array(prefix + "input_ids", manager, DataType.INT64);
        NDArray mask =
                golden().has(prefix + "attention_mask")
                        ? golden().array(prefix + "attention_mask", manager, DataType.INT64)
                        : manager.ones(ids.getShape(), DataType.INT64);
        NDList inputs = new NDList(ids, mask);
        if (golden().has(prefix + "position_ids")) {
            inputs.add(golden().array(prefix + "position_ids", manager, DataType.INT64));
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
        golden().assertCloseWhere(looks, prefix + "logits", outputs.get(0), tolerance);
        int states = golden().namesAfter(prefix + "hidden_states.").size();
        assertThat(states).isEqualTo(1 + description().layers());
        assertThat(outputs).hasSize(1 + states + description().layers());
        for (int i = 0; i < states; i++) {
            golden().assertCloseWhere(
                            looks, prefix + "hidden_states." + i, outputs.get(1 + i), tolerance);
        }
        int attentions = golden().namesAfter(prefix + "attentions.").size();
        assertThat(attentions).isIn(0, description().layers());
        var single = GoldenTolerance.ofFloat32Run(dataType, terms());
        for (int i = 0; i < attentions; i++) {
            NDArray weights = outputs.get(1 + states + i);
            golden().assertWeightsCloseWhere(looks, prefix + "attentions." + i, weights, single);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_withoutMask_givesTheLogits(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden().array("plain.input_ids", manager, DataType.INT64);

        NDArray logits = forward(model, new NDList(ids), manager, new PairList<>()).get(0);

        golden().assertClose("plain.logits", logits, GoldenTolerance.of(dataType, terms()));
        assertThat(nextTokenLoss(logits, golden().rows("plain.input_ids")))
                .isCloseTo(
                        golden().values("plain.lm_loss")[0],
                        within(GoldenTolerance.of(dataType, terms()).allowed(0, 5)));
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_inThreePieces_givesTheLogitsAndTheCache(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden().array("plain.input_ids", manager, DataType.INT64);
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
            golden().assertClose("plain.logits", logits, GoldenTolerance.of(dataType, terms()));
            compareCache(cache, dataType);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void forward_withCache_leavesTheRotatedKeysAndTheValues(NDManager manager, DataType dataType)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        NDArray ids = golden().array("plain.input_ids", manager, DataType.INT64);
        try (KeyValueCache cache = KeyValueCache.growing(manager, model.getLayers())) {
            PairList<String, Object> params = new PairList<>();
            params.add(CausalLanguageModel.CACHE, cache);

            forward(model, new NDList(ids), manager, params);

            compareCache(cache, dataType);
        }
    }

    private void compareCache(KeyValueCache cache, DataType dataType) {
        var tolerance = GoldenTolerance.ofFloat32Run(dataType, terms());
        for (int layer = 0; layer < description().layers(); layer++) {
            NDList content = cache.slot(layer).content();
            NDArray keys = keysOfReference(content.get(0));
            golden().assertClose("plain.cache.key." + layer, keys, tolerance);
            golden().assertClose("plain.cache.value." + layer, content.get(1), tolerance);
        }
    }

    @EachEngine(
            dataTypes = {DataType.FLOAT32, DataType.FLOAT64},
            compiledToo = true)
    void greedyDecoder_promptsOfTwoLengths_givesTheTokensAndLogits(
            NDManager manager, DataType dataType) throws IOException, MalformedModelException {
        CausalLanguageModel model = load(manager, dataType);
        long[][] prompts = golden().rows("gen.input_ids");
        long[][] mask = golden().rows("gen.attention_mask");
        long[][] expected = golden().rows("gen.output_ids");
        Shape steps = golden().shape("gen.step_logits");
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
        golden().assertClose(
                        "gen.step_logits", logits, GoldenTolerance.ofFloat32Run(dataType, terms()));
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
