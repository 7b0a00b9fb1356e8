package io.github.djlblocks.adapter;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Tolerance;
import java.util.Map;

/** Adapters of a model: added, chosen, merged, removed. */
class AdaptersTest {

    private static final LoraConfig ATTENTION =
            LoraConfig.builder().optRank(3).optAlpha(6).setTargets("q_proj", "v_proj").build();
    private static final LoraConfig DORA =
            LoraConfig.builder().optRank(2).optAlpha(3).optDora(true).setAllLinear().build();

    @EachEngine(leavesNothingOpen = true)
    void add_newOne_changesNothingYet(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        NDArray before = AdaptedModels.forward(model, manager);

        assertThat(adapters.add("story", ATTENTION))
                .containsExactly(
                        "model.layers.0.self_attn.q_proj",
                        "model.layers.0.self_attn.v_proj",
                        "model.layers.1.self_attn.q_proj",
                        "model.layers.1.self_attn.v_proj");
        assertThat(AdaptedModels.forward(model, manager, "story")).isExactly(before);
        assertThat(adapters.names()).containsExactly("story");
    }

    @EachEngine(leavesNothingOpen = true)
    void add_dora_changesNothingYet(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        NDArray before = AdaptedModels.forward(model, manager);

        assertThat(adapters.add("story", DORA)).hasSize(14).doesNotContain("lm_head");
        assertThat(AdaptedModels.forward(model, manager, "story"))
                .isCloseTo(before, Tolerance.of(DataType.FLOAT32, 400, 4));
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_severalAdapters_eachPassHasItsOwn(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        NDArray base = AdaptedModels.forward(model, manager);
        adapters.add("first", ATTENTION);
        adapters.add("second", DORA);
        AdaptedModels.randomize(model, "first");
        AdaptedModels.randomize(model, "second");

        NDArray first = AdaptedModels.forward(model, manager, "first");
        NDArray second = AdaptedModels.forward(model, manager, "second");

        assertThat(AdaptedModels.forward(model, manager)).isExactly(base);
        assertThat(AdaptedModels.forward(model, manager, "first")).isExactly(first);
        assertThat(furthest(first, base)).isGreaterThan(0.01);
        assertThat(furthest(second, base)).isGreaterThan(0.01);
        assertThat(furthest(second, first)).isGreaterThan(0.01);
        assertThat(AdaptedModels.forward(adapters.block("second"), manager)).isExactly(second);
        adapters.remove("first");
        assertThat(adapters.names()).containsExactly("second");
        assertThat(AdaptedModels.forward(model, manager, "second")).isExactly(second);
    }

    private static double furthest(NDArray a, NDArray b) {
        double[] x = HostValues.of(a);
        double[] y = HostValues.of(b);
        double most = 0;
        for (int i = 0; i < x.length; i++) {
            most = Math.max(most, Math.abs(x[i] - y[i]));
        }
        return most;
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_unknownName_namesThoseThereAre(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdaptedModels.forward(model, manager, "story"))
                .withMessage(
                        "there is no adapter 'story' here, but none at all: add or load it first,"
                                + " or leave out the param adapter");
        Adapters.of(model, llama, manager).add("other", ATTENTION);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdaptedModels.forward(model, manager, "story"))
                .withMessageStartingWith("there is no adapter 'story' here, but [other]");
        PairList<String, Object> wrong = new PairList<>();
        wrong.add(Adapters.PARAM, 7);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                model.forward(
                                        new ParameterStore(manager, false),
                                        AdaptedModels.ids(manager),
                                        false,
                                        wrong))
                .withMessage(
                        "param adapter is a Integer, expected a String: the name of an adapter");
    }

    @EachEngine(leavesNothingOpen = true)
    void merge_anyAdapter_givesItsNumbersAndTheOldBitsBack(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        for (LoraConfig config : new LoraConfig[] {ATTENTION, DORA}) {
            Block model = AdaptedModels.initialized(llama, manager);
            Adapters adapters = Adapters.of(model, llama, manager);
            adapters.add("story", config);
            AdaptedModels.randomize(model, "story");
            Map<String, double[]> before = AdaptedModels.numbers(model);
            NDArray base = AdaptedModels.forward(model, manager);
            NDArray adapted = AdaptedModels.forward(model, manager, "story");

            adapters.merge("story");

            assertThat(AdaptedModels.forward(model, manager))
                    .isCloseTo(adapted, Tolerance.of(DataType.FLOAT32, 400, 4));
            adapters.unmerge();
            AdaptedModels.numbers(model)
                    .forEach((path, values) -> assertThat(values).isEqualTo(before.get(path)));
            assertThat(AdaptedModels.forward(model, manager)).isExactly(base);
            assertThat(AdaptedModels.forward(model, manager, "story")).isExactly(adapted);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void merge_biasOfTheAdapter_isMergedToo(NDManager manager) {
        KernelBlock block = feedForward(manager);
        Adapters adapters = Adapters.of(block, manager);
        adapters.add(
                "story", LoraConfig.builder().optLoraBias(true).setTargets("up", "down").build());
        assertThat(adapters.adapted("story")).containsExactly("down", "up");
        AdaptedModels.randomize(block, "story");
        NDArray x = manager.create(new float[] {1, -2, 3}, new Shape(1, 3));
        NDArray adapted = AdaptedModels.forward(block, new NDList(x), "story");

        adapters.merge("story");

        assertThat(AdaptedModels.forward(block, new NDList(x), null))
                .isCloseTo(adapted, Tolerance.of(DataType.FLOAT32, 30, 4));
    }

    /** Maps called by their paths. */
    private static KernelBlock feedForward(NDManager manager) {
        FeedForward block =
                FeedForward.of(
                        Linear.withBias(3, 5), Linear.withBias(5, 3), ActivationFunction.GELU);
        block.freezeParameters(true);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        return block;
    }

    @EachEngine(leavesNothingOpen = true)
    void merge_merged_saysWhatToDoFirst(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        adapters.add("first", ATTENTION);
        adapters.add("second", DORA);
        assertThatIllegalStateException()
                .isThrownBy(adapters::unmerge)
                .withMessage("no adapter is merged");
        adapters.merge("first");

        assertThatIllegalStateException()
                .isThrownBy(() -> adapters.merge("first"))
                .withMessage(
                        "'first' cannot be merged: adapter 'first' is merged into the weights;"
                                + " unmerge it first");
        assertThatIllegalStateException().isThrownBy(() -> adapters.merge("second"));
        assertThatIllegalStateException()
                .isThrownBy(() -> adapters.remove("second"))
                .withMessageContaining("unmerge it first");
        assertThatIllegalStateException()
                .isThrownBy(() -> AdaptedModels.forward(model, manager, "second"))
                .withMessage(
                        "adapter 'second' was chosen, but [first] is merged into the weights:"
                                + " unmerge it, or leave out the param adapter");
        adapters.keepMerged();
        assertThat(adapters.names()).containsExactly("second");
        adapters.remove("second");
        assertThat(ParameterPaths.of(model).keySet())
                .containsExactlyElementsOf(ParameterPaths.of(llama.newBlock()).keySet());
    }

    @EachEngine(leavesNothingOpen = true)
    void merge_weightsThatWantGradients_isRefused(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        adapters.add("story", ATTENTION);
        Freezing.unfreeze(model, ".*layers\\.1.*query\\.weight");
        Map<String, double[]> before = AdaptedModels.numbers(model);

        assertThatIllegalStateException()
                .isThrownBy(() -> adapters.merge("story"))
                .withMessage(
                        "adapter 'story' cannot be merged: the weight wants a gradient: freeze it");
        AdaptedModels.numbers(model)
                .forEach((path, values) -> assertThat(values).isEqualTo(before.get(path)));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void add_wrong_saysWhy(NDManager manager) {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> adapters.add("a", LoraConfig.builder().setTargets("query").build()))
                .withMessageStartingWith("no linear map is a target of TargetModules[names=[query]")
                .withMessageContaining("there are [model.layers.0.self_attn.q_proj, ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.add("a.b", ATTENTION))
                .withMessage(
                        "an adapter cannot be named 'a.b': use letters, digits, _ and -, as it is"
                                + " part of paths");
        assertThat(adapters.names()).isEmpty();
        adapters.add("a", ATTENTION);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.add("a", DORA))
                .withMessage("there is an adapter 'a' already: remove it, or use another name");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.remove("b"))
                .withMessage("there is no adapter 'b' here, but [a]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Adapters.of(Linear.withBias(2, 3), manager))
                .withMessage("Linear has no linear map that could be adapted");
    }
}
