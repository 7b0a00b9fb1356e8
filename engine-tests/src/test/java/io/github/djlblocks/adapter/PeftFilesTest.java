package io.github.djlblocks.adapter;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.checkpoint.SafetensorsFile;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;

/** Files of adapters, as PEFT 0.15 writes them. */
class PeftFilesTest {

    private static final LoraConfig CONFIG =
            LoraConfig.builder()
                    .optRank(2)
                    .optAlpha(4)
                    .optDropout(0.05)
                    .setTargets("q_proj", "down_proj")
                    .optBaseModel("tiny/llama")
                    .optTaskType("CAUSAL_LM")
                    .build();

    /** The fields of LoraConfig of PEFT 0.15, in the order in which it writes them. */
    private static final String FILE =
            """
            {
              "alpha_pattern": {},
              "auto_mapping": null,
              "base_model_name_or_path": "tiny/llama",
              "bias": "none",
              "corda_config": null,
              "eva_config": null,
              "exclude_modules": null,
              "fan_in_fan_out": false,
              "inference_mode": true,
              "init_lora_weights": true,
              "layer_replication": null,
              "layers_pattern": null,
              "layers_to_transform": null,
              "loftq_config": {},
              "lora_alpha": 4,
              "lora_bias": false,
              "lora_dropout": 0.05,
              "megatron_config": null,
              "megatron_core": "megatron.core",
              "modules_to_save": null,
              "peft_type": "LORA",
              "r": 2,
              "rank_pattern": {},
              "revision": null,
              "target_modules": [
                "down_proj",
                "q_proj"
              ],
              "task_type": "CAUSAL_LM",
              "trainable_token_indices": null,
              "use_dora": false,
              "use_rslora": false
            }\
            """;

    @TempDir Path directory;

    @EachEngine(leavesNothingOpen = true)
    void save_adapter_writesWhatPeftWrites(NDManager manager)
            throws IOException, MalformedModelException {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        adapters.add("story", CONFIG);
        AdaptedModels.randomize(model, "story");

        adapters.save("story", directory);

        try (var files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
        }
        assertThat(directory.resolve("adapter_config.json")).hasContent(FILE);
        try (SafetensorsFile file =
                SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
            assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
            assertThat(file.names())
                    .containsExactlyInAnyOrder(
                            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                            "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
                            "base_model.model.model.layers.0.mlp.down_proj.lora_A.weight",
                            "base_model.model.model.layers.0.mlp.down_proj.lora_B.weight",
                            "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight",
                            "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight",
                            "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight",
                            "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight");
            String down = "base_model.model.model.layers.1.mlp.down_proj.lora_";
            assertThat(file.info(down + "A.weight").shape()).isEqualTo(new Shape(2, 20));
            assertThat(file.info(down + "B.weight").shape()).isEqualTo(new Shape(12, 2));
            assertThat(file.info(down + "B.weight").type()).isEqualTo(StoredType.F32);
            assertThat(file.readDoubles(down + "A.weight"))
                    .isEqualTo(
                            AdaptedModels.numbers(model)
                                    .get(
                                            "layers.1.feedForward.sublayer.down.adapters.story"
                                                    + ".loraA"));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void load_savedOnAnyEngine_givesTheSameNumbers(NDManager manager, EngineUnderTest engine)
            throws IOException, MalformedModelException {
        ModelDescription llama = AdaptedModels.llama();
        LoraConfig[] configs = {
            CONFIG,
            LoraConfig.builder().optRank(3).optDora(true).setAllLinear().build(),
            LoraConfig.builder()
                    .optLoraBias(true)
                    .optRsLora(true)
                    .setTargets("o_proj", "up_proj", "lm_head")
                    .optLayers(1)
                    .optRankPattern(Map.of("up_proj", 5))
                    .optAlphaPattern(Map.of(".*o_proj", 2.5))
                    .build()
        };
        for (LoraConfig config : configs) {
            Block model = AdaptedModels.initialized(llama, manager);
            Adapters adapters = Adapters.of(model, llama, manager);
            adapters.add("story", config);
            AdaptedModels.randomize(model, "story");
            NDArray expected = AdaptedModels.forward(model, manager, "story");
            adapters.save("story", directory);
            for (EngineUnderTest other : EnginesUnderTest.discover()) {
                try (NDManager theirs = other.newManager()) {
                    Block copy = AdaptedModels.initialized(llama, theirs);
                    Adapters loaded = Adapters.of(copy, llama, theirs);
                    assertThat(loaded.load("renamed", directory))
                            .isEqualTo(adapters.adapted("story"));
                    assertThat(AdaptedModels.forward(copy, theirs, "renamed").toFloatArray())
                            .as("%s to %s", engine.engineName(), other.engineName())
                            .usingComparatorWithPrecision(2e-5f)
                            .containsExactly(expected.toFloatArray());
                    assertThat(Freezing.report(copy).trained()).isZero();
                }
            }
        }
    }

    /** y = W x + s B A x of files made by hand. */
    @EachEngine(leavesNothingOpen = true)
    void load_filesMadeByHand_followThem(NDManager manager)
            throws IOException, MalformedModelException {
        ModelDescription llama = AdaptedModels.llama();
        write(FILE.replace("\"q_proj\"", "\"lm_head\"").replace("\"down_proj\",", ""), 13);
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        NDArray base = AdaptedModels.forward(model, manager);

        assertThat(adapters.load("hand", directory)).containsExactly("lm_head");

        NDArray adapted = AdaptedModels.forward(model, manager, "hand");
        // A takes channel 0 and channel 1; B gives token 3 and token 4; alpha / r is 2.
        Map<String, double[]> numbers = AdaptedModels.numbers(model);
        assertThat(numbers.get("head.adapters.hand.loraA")).startsWith(1, 0, 0);
        float[] before = base.toFloatArray();
        float[] after = adapted.toFloatArray();
        for (int i = 0; i < before.length; i++) {
            if (i % 13 != 3 && i % 13 != 4) {
                assertThat(after[i]).isEqualTo(before[i]);
            }
        }
        assertThat(after[3]).isNotEqualTo(before[3]);
        adapters.merge("hand");
        assertThat(AdaptedModels.forward(model, manager))
                .isCloseTo(adapted, Tolerance.of(DataType.FLOAT32, 30, 4));
        double[] merged = requireNonNull(AdaptedModels.numbers(model).get("head.weight"));
        double[] own = requireNonNull(numbers.get("head.weight"));
        assertThat(merged[3 * 12]).isEqualTo((float) (own[3 * 12] + 2));
        assertThat(merged[4 * 12 + 1]).isEqualTo((float) (own[4 * 12 + 1] + 2));
        adapters.unmerge();
    }

    private void write(String config, int outputs) throws IOException {
        Files.writeString(directory.resolve("adapter_config.json"), config);
        double[] down = new double[2 * 12];
        down[0] = 1;
        down[12 + 1] = 1;
        double[] up = new double[outputs * 2];
        up[3 * 2] = 1;
        up[4 * 2 + 1] = 1;
        new SafetensorsWriter()
                .add(
                        "base_model.model.lm_head.lora_A.weight",
                        down,
                        new Shape(2, 12),
                        StoredType.F32)
                .add(
                        "base_model.model.lm_head.lora_B.weight",
                        up,
                        new Shape(outputs, 2),
                        StoredType.BF16)
                .write(directory.resolve("adapter_model.safetensors"));
    }

    @EachEngine(leavesNothingOpen = true)
    void load_adapterForAnotherBase_saysAllThatIsWrongAndLoadsNothing(NDManager manager)
            throws IOException {
        ModelDescription small = AdaptedModels.llama();
        ModelDescription large =
                Families.parse(
                        AdaptedModels.LLAMA
                                .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3")
                                .replace("\"intermediate_size\": 20", "\"intermediate_size\": 24"));
        Block other = AdaptedModels.initialized(large, manager);
        Adapters theirs = Adapters.of(other, large, manager);
        theirs.add("story", CONFIG);
        theirs.save("story", directory);
        Block model = AdaptedModels.initialized(small, manager);
        Adapters adapters = Adapters.of(model, small, manager);

        assertThatExceptionOfType(MalformedModelException.class)
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageStartingWith(
                        "the adapter in "
                                + directory
                                + ", made for tiny/llama, does not fit this model, and nothing of"
                                + " it was loaded:\n")
                .withMessageContaining(
                        "tensor 'base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight'"
                                + " belongs to model.layers.2.self_attn.q_proj, which this model"
                                + " does not have")
                .withMessageContaining(
                        "tensor 'base_model.model.model.layers.0.mlp.down_proj.lora_A.weight' is"
                            + " (2, 24), but model.layers.0.mlp.down_proj (20 to 12) with rank 2"
                            + " takes (2, 20)");
        assertThat(adapters.names()).isEmpty();
        assertThat(ParameterPaths.of(model).keySet()).noneMatch(path -> path.contains("adapters"));
    }

    /** A checkpoint of the family has no place for adapters; merged ones are in the weights. */
    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void saveWeights_withAdapters_wantsThemMergedOrRemoved(NDManager manager) throws IOException {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        adapters.add("story", CONFIG);

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                HuggingFaceModels.saveWeights(
                                        model, llama, directory, StoredType.F32))
                .withMessage(
                        "parameter layers.0.attention.sublayer.query.adapters.story.loraA has no"
                                + " name in a checkpoint of llama: merge its adapter and keep it"
                                + " merged, or remove it");
        adapters.merge("story");
        adapters.keepMerged();
        HuggingFaceModels.saveWeights(model, llama, directory, StoredType.F32);
        assertThat(directory.resolve("model.safetensors")).exists();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void load_damaged_saysWhat(NDManager manager) throws IOException {
        ModelDescription llama = AdaptedModels.llama();
        Block model = AdaptedModels.initialized(llama, manager);
        Adapters adapters = Adapters.of(model, llama, manager);
        String head = FILE.replace("\"q_proj\"", "\"lm_head\"").replace("\"down_proj\",", "");

        assertThatIOException()
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessage(
                        directory.resolve("adapter_config.json")
                                + " is missing: the directory of an adapter has it beside its"
                                + " weights");
        Files.writeString(directory.resolve("adapter_config.json"), FILE);
        Files.writeString(directory.resolve("adapter_model.bin"), "pickle");
        assertThatIOException()
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageEndingWith(
                        "adapter_model.safetensors is missing: adapter_model.bin is a pickle, which"
                                + " is not read; save the adapter with safe_serialization=True");
        write(FILE, 13);
        assertThatExceptionOfType(MalformedModelException.class)
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageContaining(
                        "it targets model.layers.0.self_attn.q_proj but has no tensor"
                            + " base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight");
        write(head.replace("\"use_dora\": false", "\"use_dora\": true"), 13);
        assertThatExceptionOfType(MalformedModelException.class)
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageContaining(
                        "tensor 'base_model.model.lm_head.lora_magnitude_vector' is missing");
        write(head.replace("\"r\": 2", "\"r\": 0"), 13);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageEndingWith(
                        "adapter_config.json: rank (0) must be at least 1: it is how many rows A"
                                + " has");
        write(head.replace("\"r\": 2", "\"r\": 4"), 13);
        assertThatExceptionOfType(MalformedModelException.class)
                .isThrownBy(() -> adapters.load("story", directory))
                .withMessageContaining(
                        "is (2, 12), but lm_head (12 to 13) with rank 4 takes (4, 12)");
        assertThat(adapters.names()).isEmpty();
    }
}
