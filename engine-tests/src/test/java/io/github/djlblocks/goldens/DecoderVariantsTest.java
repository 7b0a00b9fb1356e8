package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.huggingface.LoadOptions;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.ParallelResidual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Other configurations of the families, each with weights changed so that the numbers are known:
 * those of the reference, or of another variant.
 */
class DecoderVariantsTest {

    private static final double CLOSE = 2e-5;

    @TempDir private Path folder;

    private static double[] logits(Path directory, NDManager manager, LoadOptions options)
            throws IOException, MalformedModelException {
        CausalLanguageModel model = HuggingFaceModels.load(directory, manager, options);
        NDArray ids = manager.create(new long[] {5, 90, 17, 3, 44, 60, 8, 71}, new Shape(1, 8));
        return HostValues.of(
                model.forward(new ParameterStore(manager, false), new NDList(ids), false).get(0));
    }

    private static void assertSame(Path changed, Path original, NDManager manager)
            throws IOException, MalformedModelException {
        LoadOptions options = LoadOptions.defaults().withDataType(DataType.FLOAT32);
        double[] expected = logits(original, manager, options);
        assertThat(logits(changed, manager, options)).containsExactly(expected, within(CLOSE));
    }

    private ModelVariant variant(String family) throws IOException, MalformedModelException {
        return ModelVariant.of(Golden.path("hf/" + family));
    }

    @EachEngine
    void gpt2_checkpointWithoutPrefixAndWithBuffers_isTheSame(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("gpt2");
        Map<String, ModelVariant.Stored> bare = new TreeMap<>();
        variant.tensors()
                .forEach((name, tensor) -> bare.put(name.replace("transformer.", ""), tensor));
        bare.put("h.1.attn.bias", new ModelVariant.Stored(new Shape(1), new double[] {1}));
        bare.put("h.1.attn.masked_bias", new ModelVariant.Stored(new Shape(1), new double[] {1}));
        variant.tensors().clear();
        variant.tensors().putAll(bare);
        Path saved = variant.write(folder);

        assertSame(saved, Golden.path("hf/gpt2"), manager);
        for (LoadOptions.Compile compile :
                new LoadOptions.Compile[] {LoadOptions.Compile.OFF, LoadOptions.Compile.AUTO}) {
            LoadOptions packed =
                    LoadOptions.defaults()
                            .withWeights(WeightFormat.parse("int8"))
                            .withCompile(compile);
            assertThat(logits(saved, manager, packed))
                    .containsExactly(
                            logits(Golden.path("hf/gpt2"), manager, packed), within(CLOSE));
        }
    }

    /** Queries times what the scale lacks; they are the first third of c_attn's columns. */
    @EachEngine
    void gpt2_otherScales_areThoseOfTheScores(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("gpt2");
        variant.config().addProperty("scale_attn_weights", false);
        variant.config().addProperty("scale_attn_by_inverse_layer_idx", true);
        for (int layer = 0; layer < 2; layer++) {
            double factor = (layer + 1) / Math.sqrt(8);
            String name = "transformer.h." + layer + ".attn.c_attn.";
            for (String kind : new String[] {"weight", "bias"}) {
                double[] values = variant.values(name + kind);
                for (int i = 0; i < values.length; i++) {
                    values[i] *= i % 96 < 32 ? factor : 1;
                }
            }
        }
        assertSame(variant.write(folder), Golden.path("hf/gpt2"), manager);
    }

    @EachEngine
    void heads_tiedOrTheSameMatrix_areTheSame(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant gpt2 = variant("gpt2");
        gpt2.config().addProperty("tie_word_embeddings", false);
        gpt2.tensors().put("lm_head.weight", gpt2.tensor("transformer.wte.weight"));
        assertSame(gpt2.write(folder.resolve("gpt2")), Golden.path("hf/gpt2"), manager);

        ModelVariant apart = variant("gpt_neox");
        apart.tensors().put("embed_out.weight", apart.tensor("gpt_neox.embed_in.weight"));
        ModelVariant tied = variant("gpt_neox");
        tied.config().addProperty("tie_word_embeddings", true);
        tied.tensors().remove("embed_out.weight");
        assertSame(
                tied.write(folder.resolve("tied")), apart.write(folder.resolve("apart")), manager);
    }

    @EachEngine
    void bloom_checkpointWithoutPrefix_isTheSameAndTheNormedResidualIsNot(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("bloom");
        Map<String, ModelVariant.Stored> bare = new TreeMap<>();
        variant.tensors()
                .forEach((name, tensor) -> bare.put(name.replace("transformer.", ""), tensor));
        variant.tensors().clear();
        variant.tensors().putAll(bare);
        variant.config().addProperty("seq_length", 3);
        Path saved = variant.write(folder.resolve("bare"));
        assertSame(saved, Golden.path("hf/bloom"), manager);

        variant.config().addProperty("apply_residual_connection_post_layernorm", true);
        Path normed = variant.write(folder.resolve("normed"));
        LoadOptions options = LoadOptions.defaults();
        double[] expected = logits(saved, manager, options);
        double[] found = logits(normed, manager, options);
        double most = 0;
        for (int i = 0; i < found.length; i++) {
            most = Math.max(most, Math.abs(found[i] - expected[i]));
        }
        assertThat(most).isGreaterThan(0.01);
    }

    @EachEngine
    void gptNeox_oldBuffers_areLeftOut(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("gpt_neox");
        String attention = "gpt_neox.layers.0.attention.";
        for (String buffer : Set.of("bias", "masked_bias", "rotary_emb.inv_freq")) {
            variant.tensors()
                    .put(
                            attention + buffer,
                            new ModelVariant.Stored(new Shape(1), new double[] {1}));
        }
        assertSame(variant.write(folder), Golden.path("hf/gpt_neox"), manager);
    }

    @Test
    void gptNeox_layers_areAsTheFlagsSay() throws IOException, MalformedModelException {
        ModelVariant variant = variant("gpt_neox");
        Block parallel = HuggingFaceModels.describe(variant.write(folder.resolve("1"))).newBlock();
        assertThat(ParameterPaths.blocks(parallel).get("layers.1"))
                .isInstanceOf(ParallelResidual.class);
        variant.config().addProperty("use_parallel_residual", false);
        variant.config().addProperty("attention_bias", false);
        Block serial = HuggingFaceModels.describe(variant.write(folder.resolve("2"))).newBlock();
        assertThat(ParameterPaths.blocks(serial).get("layers.1")).isInstanceOf(DecoderLayer.class);
        assertThat(ParameterPaths.of(serial).keySet())
                .doesNotContain(
                        "layers.0.attention.sublayer.queryKeyValue.bias",
                        "layers.0.attention.sublayer.output.bias")
                .contains("layers.0.feedForward.sublayer.up.bias");
    }

    /**
     * All pairs turn often over so long a context, so YaRN leaves their frequency; mscale over
     * mscale_all_dim is 1; what is left is the scale of the scores.
     */
    @EachEngine
    void deepseek_yarn_multipliesTheScoresByTheSquareOfMscale(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("deepseek_v3");
        variant.config()
                .add(
                        "rope_scaling",
                        JsonParser.parseString(
                                "{\"rope_type\": \"yarn\", \"factor\": 4.0, \"mscale\": 0.7,"
                                        + " \"mscale_all_dim\": 0.7,"
                                        + " \"original_max_position_embeddings\": 100000000}"));
        variant.config().addProperty("max_position_embeddings", 400000000);
        double mscale = 0.1 * 0.7 * Math.log(4) + 1;
        for (int layer = 0; layer < 2; layer++) {
            double[] values =
                    variant.values("model.layers." + layer + ".self_attn.q_b_proj.weight");
            for (int i = 0; i < values.length; i++) {
                values[i] /= mscale * mscale;
            }
        }
        assertSame(variant.write(folder), Golden.path("hf/deepseek_v3"), manager);
    }

    /** Pairs (0, 1), (2, 3) of interleaved channels are (0, 2), (1, 3) of halves. */
    @EachEngine
    void deepseek_halvesInPlaceOfPairs_areTheSameWithRowsInThatOrder(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("deepseek_v3");
        variant.config().addProperty("rope_interleave", false);
        for (int layer = 0; layer < 2; layer++) {
            String name = "model.layers." + layer + ".self_attn.";
            for (int head = 0; head < 4; head++) {
                variant.swapRows(name + "q_b_proj.weight", head * 12 + 9, head * 12 + 10);
            }
            variant.swapRows(name + "kv_a_proj_with_mqa.weight", 9, 10);
        }
        assertSame(variant.write(folder), Golden.path("hf/deepseek_v3"), manager);
    }

    @EachEngine
    void deepseek_layersThatPredictFurtherTokens_areLeftOut(NDManager manager)
            throws IOException, MalformedModelException {
        ModelVariant variant = variant("deepseek_v3");
        variant.config().addProperty("num_nextn_predict_layers", 1);
        ModelVariant.Stored one = new ModelVariant.Stored(new Shape(1), new double[] {1});
        variant.tensors().put("model.layers.2.enorm.weight", one);
        variant.tensors().put("model.layers.2.shared_head.head.weight", one);
        variant.tensors().put("model.layers.2.mlp.experts.0.gate_proj.weight", one);
        assertSame(variant.write(folder), Golden.path("hf/deepseek_v3"), manager);
    }

    @Test
    void deepseek_structure_isAsTheConfigurationSays() throws IOException, MalformedModelException {
        ModelVariant variant = variant("deepseek_v3");
        JsonObject config = variant.config();
        config.add("q_lora_rank", JsonNull.INSTANCE);
        config.add("n_shared_experts", JsonNull.INSTANCE);
        config.addProperty("attention_bias", true);
        config.addProperty("num_hidden_layers", 4);
        config.addProperty("first_k_dense_replace", 0);
        config.addProperty("moe_layer_freq", 2);
        Set<String> paths =
                ParameterPaths.of(HuggingFaceModels.describe(variant.write(folder)).newBlock())
                        .keySet();
        String attention = "layers.3.attention.sublayer.";
        assertThat(paths)
                .contains(
                        attention + "query.weight",
                        attention + "latentDown.bias",
                        attention + "output.bias",
                        "layers.0.feedForward.sublayer.router.correctionBias",
                        "layers.1.feedForward.sublayer.gate.weight",
                        "layers.2.feedForward.sublayer.experts.7.down.weight",
                        "layers.3.feedForward.sublayer.gate.weight")
                .doesNotContain(
                        attention + "query.bias",
                        attention + "latentUp.bias",
                        "layers.2.feedForward.sublayer.sharedExpert.gate.weight");
    }

    @Test
    void deepseekV2_structure_hasNoCorrectionBias() throws IOException, MalformedModelException {
        ModelVariant variant = variant("deepseek_v3");
        JsonObject config = variant.config();
        config.addProperty("model_type", "deepseek_v2");
        config.addProperty("topk_method", "group_limited_greedy");
        config.addProperty("scoring_func", "softmax");
        Set<String> paths =
                ParameterPaths.of(HuggingFaceModels.describe(variant.write(folder)).newBlock())
                        .keySet();
        assertThat(paths)
                .contains("layers.1.feedForward.sublayer.router.weight")
                .doesNotContain("layers.1.feedForward.sublayer.router.correctionBias");
    }
}
