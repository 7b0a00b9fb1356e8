package io.github.djlblocks.adapter;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.checkpoint.SafetensorsFile;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.parity.EnginesUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The modules of the families, by the names that transformers 4.51 gives them. */
class FamilyAdaptersTest {

    private static final String SIZES =
            """
            "vocab_size": 13, "hidden_size": 16, "intermediate_size": 20, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 2, "max_position_embeddings": 16,
            "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 16, "d_model": 16, "d_kv": 8,
            "d_ff": 20, "num_layers": 2, "num_heads": 2, "dim": 16, "hidden_dim": 20, "n_layers": 2,
            "n_heads": 2, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 20,
            "decoder_ffn_dim": 20, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
            "embedding_size": 8,
            """;

    private static final String EXPERTS = "\"num_local_experts\": 3, \"num_experts_per_tok\": 2,";

    @TempDir Path directory;

    private static ModelDescription described(String type, String architecture) {
        return Families.parse(
                "{"
                        + SIZES
                        + (type.equals("mixtral") ? EXPERTS : "")
                        + " \"model_type\": \""
                        + type
                        + "\", \"architectures\": [\""
                        + architecture
                        + "\"]}");
    }

    private static NDArray forward(
            ModelDescription description, Block model, NDManager manager, String adapter) {
        NDList inputs = new NDList(manager.create(new long[][] {{3, 1, 4, 7, 5}}));
        if (description.kind() == ModelDescription.Kind.ENCODER_DECODER) {
            inputs.add(manager.create(new long[][] {{2, 6, 8}}));
        }
        return AdaptedModels.forward(model, inputs, adapter);
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, GPT2LMHeadModel, transformer.h.1.attn.c_attn, 48, 16, 8",
        "phi3, Phi3ForCausalLM, model.layers.1.mlp.gate_up_proj, 40, 16, 8",
        "gpt_neox, GPTNeoXForCausalLM, gpt_neox.layers.0.attention.query_key_value, 48, 16, 8",
        "bloom, BloomForCausalLM, transformer.h.0.self_attention.query_key_value, 48, 16, 8",
        "mixtral, MixtralForCausalLM, model.layers.0.block_sparse_moe.experts.2.w3, 20, 16, 26",
        "starcoder2, Starcoder2ForCausalLM, model.layers.1.mlp.c_fc, 20, 16, 12",
        "bert, BertForMaskedLM, bert.encoder.layer.1.attention.self.key, 16, 16, 13",
        "bert, BertModel, encoder.layer.1.attention.output.dense, 16, 16, 13",
        "distilbert, DistilBertForMaskedLM, distilbert.transformer.layer.0.ffn.lin1, 20, 16, 13",
        "t5, T5ForConditionalGeneration, decoder.block.1.layer.1.EncDecAttention.k, 16, 16, 32",
        "bart, BartForConditionalGeneration, model.decoder.layers.1.encoder_attn.q_proj, 16, 16, 32"
    })
    void saveAndLoad_allLinear_keepsNamesAndNumbers(
            String type, String architecture, String module, int out, int in, int count)
            throws IOException, MalformedModelException {
        ModelDescription description = described(type, architecture);
        LoraConfig config = LoraConfig.builder().optRank(2).optAlpha(6).setAllLinear().build();
        try (NDManager manager = EnginesUnderTest.named("PyTorch").get(0).newManager()) {
            Block model = AdaptedModels.initialized(description, manager);
            Adapters adapters = Adapters.of(model, description, manager);
            assertThat(adapters.add("story", config)).contains(module).hasSize(count);
            AdaptedModels.randomize(model, "story");
            NDArray expected = forward(description, model, manager, "story");
            adapters.save("story", directory);
            try (SafetensorsFile file =
                    SafetensorsFile.open(directory.resolve("adapter_model.safetensors"))) {
                String tensor = "base_model.model." + module + ".lora_";
                assertThat(file.info(tensor + "A.weight").shape()).isEqualTo(new Shape(2, in));
                assertThat(file.info(tensor + "B.weight").shape()).isEqualTo(new Shape(out, 2));
            }
            assertThat(Files.readString(directory.resolve("adapter_config.json")))
                    .contains("\"fan_in_fan_out\": " + type.equals("gpt2"));

            Block copy = AdaptedModels.initialized(description, manager);
            Adapters loaded = Adapters.of(copy, description, manager);
            assertThat(loaded.load("other", directory)).isEqualTo(adapters.adapted("story"));
            assertThat(forward(description, copy, manager, "other")).isExactly(expected);
            adapters.merge("story");
            NDList inputs = new NDList(manager.create(new long[][] {{3, 1, 4, 7, 5}}));
            if (description.kind() == ModelDescription.Kind.ENCODER_DECODER) {
                inputs.add(manager.create(new long[][] {{2, 6, 8}}));
            }
            assertThat(AdaptedModels.forward(model, inputs, null))
                    .isCloseTo(expected, Tolerance.of(DataType.FLOAT32, 2000, 8));
        }
    }

    /** A short name that would take others, too, is written as whole names. */
    @Test
    void save_namesThatOthersHaveToo_areWhole() throws IOException {
        ModelDescription gpt2 = described("gpt2", "GPT2LMHeadModel");
        try (NDManager manager = EnginesUnderTest.named("PyTorch").get(0).newManager()) {
            Block model = AdaptedModels.initialized(gpt2, manager);
            Adapters adapters = Adapters.of(model, gpt2, manager);
            adapters.add("story", LoraConfig.builder().setTargets("attn.c_proj").build());

            adapters.save("story", directory);

            LoraConfig written = PeftConfig.read(directory);
            assertThat(new TreeSet<>(written.targets().names()))
                    .containsExactly("transformer.h.0.attn.c_proj", "transformer.h.1.attn.c_proj");
        }
    }

    @Test
    void load_whatIsNoLinearMapHere_isRefusedByName() throws IOException {
        ModelDescription gpt2 = described("gpt2", "GPT2LMHeadModel");
        Files.writeString(
                directory.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 1, \"target_modules\": [\"lm_head\", \"wte\"]}");
        new SafetensorsWriter()
                .add(
                        "base_model.model.lm_head.lora_A.weight",
                        new double[16],
                        new Shape(1, 16),
                        StoredType.F32)
                .add(
                        "base_model.model.transformer.wte.lora_A.weight",
                        new double[16],
                        new Shape(1, 16),
                        StoredType.F32)
                .add(
                        "base_model.model.transformer.wte.lora_embedding_A",
                        new double[13],
                        new Shape(1, 13),
                        StoredType.F32)
                .add(
                        "transformer.h.0.attn.c_attn.lora_A.weight",
                        new double[16],
                        new Shape(1, 16),
                        StoredType.F32)
                .write(directory.resolve("adapter_model.safetensors"));
        try (NDManager manager = EnginesUnderTest.named("PyTorch").get(0).newManager()) {
            Block model = AdaptedModels.initialized(gpt2, manager);
            Adapters adapters = Adapters.of(model, gpt2, manager);

            assertThatExceptionOfType(MalformedModelException.class)
                    .isThrownBy(() -> adapters.load("story", directory))
                    .withMessageContaining(
                            "belongs to lm_head, which is the tied table here and no linear map")
                    .withMessageContaining(
                            "belongs to transformer.wte, which is no linear map here, such as a"
                                    + " table or a router")
                    .withMessageContaining(
                            "tensor 'transformer.h.0.attn.c_attn.lora_A.weight' is none of LoRA's")
                    .withMessageContaining("lora_embedding_A' is none of LoRA's of a linear map");
        }
    }
}
