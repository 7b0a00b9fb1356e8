package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the families other than Llama's make of absent fields, and what they refuse. */
class FamilyErrorsTest {

    @TempDir Path directory;

    private ModelDescription describe(String type, String fields) throws IOException {
        Files.writeString(
                directory.resolve("config.json"),
                "{\"model_type\": \"" + type + "\"" + fields + "}");
        return HuggingFaceModels.describe(directory);
    }

    /** As the configuration classes of transformers 4.51.3 have them. */
    @ParameterizedTest
    @CsvSource({
        "gpt2, 50257, 768, 12, 1024, true, 50256",
        "gpt_neox, 50432, 6144, 44, 2048, false, 2",
        "bloom, 250880, 64, 2, 1048576, true, 2",
        "deepseek_v3, 129280, 7168, 61, 4096, false, 1",
    })
    void describe_fieldsAbsent_haveTheDefaultsOfTheClass(
            String type,
            int vocabulary,
            int hidden,
            int layers,
            int context,
            boolean tied,
            long end)
            throws IOException {
        ModelDescription model = describe(type, "");
        assertThat(model.vocabularySize()).isEqualTo(vocabulary);
        assertThat(model.hiddenSize()).isEqualTo(hidden);
        assertThat(model.layers()).isEqualTo(layers);
        assertThat(model.contextLength()).isEqualTo(context);
        assertThat(model.hasTiedHead()).isEqualTo(tied);
        assertThat(model.endTokens()).containsExactly(end);
    }

    @ParameterizedTest
    @CsvSource({
        "gpt2, 'n_embd, hidden_size', 'n_layer, num_hidden_layers'",
        "bloom, 'hidden_size, n_embed', 'n_layer, num_hidden_layers'",
    })
    void describe_commonNames_winOverThoseOfTheClass(String type, String hidden, String layers)
            throws IOException {
        String[] both = (hidden + ", " + layers).split(", ");
        ModelDescription model =
                describe(
                        type,
                        (", \"%s\": 64, \"%s\": 128, \"%s\": 3, \"%s\": 5,"
                                        + " \"num_attention_heads\": 4")
                                .formatted((Object[]) both));
        assertThat(model.hiddenSize()).isEqualTo(128);
        assertThat(model.layers()).isEqualTo(5);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gpt2 | \"add_cross_attention\": true | add_cross_attention (true) changes the"
                        + " model",
                "gpt2 | \"activation_function\": \"gelu_old\" | activation_function 'gelu_old' is"
                        + " not implemented",
                "gpt2 | \"n_inner\": 0 | n_inner (0) must be at least 1",
                "gpt2 | \"architectures\": [\"GPT2ForSequenceClassification\"] | architectures"
                    + " 'GPT2ForSequenceClassification' is not implemented; known: *LMHeadModel",
                "gpt_neox | \"hidden_act\": \"gelu_old\" | hidden_act 'gelu_old' is not"
                        + " implemented",
                "gpt_neox | \"rotary_pct\": 0.01 | gives 0 rotary channels",
                "gpt_neox | \"rope_scaling\": {\"rope_type\": \"odd\"} | rope type 'odd' is not"
                        + " implemented",
                "bloom | \"quantization_config\": {} | quantization_config ({}) changes the model",
                "deepseek_v3 | \"topk_method\": \"greedy\" | topk_method 'greedy' is not"
                        + " implemented; known: noaux_tc",
                "deepseek_v3 | \"scoring_func\": \"softmax\" | scoring_func (\"softmax\") changes",
                "deepseek_v3 | \"num_key_value_heads\": 2 | num_key_value_heads (2) changes the"
                        + " model",
                "deepseek_v3 | \"head_dim\": 8 | head_dim (8) changes the model",
                "deepseek_v3 | \"partial_rotary_factor\": 0.5 | partial_rotary_factor (0.5)"
                        + " changes",
                "deepseek_v3 | \"first_k_dense_replace\": -1 | first_k_dense_replace (-1) must be"
                        + " at least 0",
                "deepseek_v2 | \"num_experts_per_tok\": 2, \"topk_method\": \"noaux_tc\" |"
                        + " topk_method 'noaux_tc' is not",
                "deepseek_v2 | \"vocab_size\": 9 | num_experts_per_tok is missing",
            })
    void describe_whatCannotBeBuilt_isRefusedByName(String type, String field, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> describe(type, ", " + field).newBlock())
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource({"gpt2, n_head", "gpt_neox, num_attention_heads", "bloom, n_head"})
    void newBlock_headsThatDoNotDivide_areRefused(String type, String heads) {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () ->
                                describe(type, ", \"hidden_size\": 64, \"%s\": 7".formatted(heads))
                                        .newBlock())
                .withMessage("hidden_size (64) must be a multiple of num_attention_heads (7)");
    }
}
