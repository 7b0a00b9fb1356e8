package io.github.djlblocks.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.huggingface.HuggingFaceModels;
import io.github.djlblocks.model.DecoderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Configurations that cannot be built: each error names the file, the field and the value. */
class ConfigErrorsTest {

    @TempDir Path directory;

    private Path config(String text) throws IOException {
        return Files.writeString(directory.resolve("config.json"), text);
    }

    private void refuses(String fields, String message) throws IOException {
        Path file = config("{\"model_type\": \"llama\"," + fields + "}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessage(file + ": " + message);
    }

    private void refusesSize(String fields, String message) throws IOException {
        config("{\"model_type\": \"llama\"," + fields + "}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessage(message);
    }

    @Test
    void readConfig_fieldsAbsent_haveTheDefaultsOfLlama() throws IOException {
        config("{\"model_type\": \"llama\"}");
        DecoderConfig config = HuggingFaceModels.readConfig(directory);
        assertThat(config.vocabularySize()).isEqualTo(32000);
        assertThat(config.hiddenSize()).isEqualTo(4096);
        assertThat(config.feedForwardSize()).isEqualTo(11008);
        assertThat(config.layers()).isEqualTo(32);
        assertThat(config.keyValueHeads()).isEqualTo(32);
        assertThat(config.headDim()).isEqualTo(128);
        assertThat(config.contextLength()).isEqualTo(2048);
        assertThat(config.normEpsilon()).isEqualTo(1e-6);
        assertThat(config.tiedHead()).isFalse();
    }

    @Test
    void readConfig_otherFamily_listsTheKnown() throws IOException {
        Path file = config("{\"model_type\": \"mamba\"}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessage(
                        file
                                + ": model_type 'mamba' is not implemented; known: "
                                + String.join(", ", Families.modelTypes()));
        assertThat(Families.modelTypes()).contains("llama", "mistral").doesNotContain("mamba");
    }

    @Test
    void readConfig_noFamily_isMissing() throws IOException {
        Path file = config("{\"model_type\": null}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessage(file + ": model_type is missing");
    }

    @Test
    void readConfig_unknownActivation_listsTheKnown() throws IOException {
        refuses(
                "\"hidden_act\": \"prelu\"",
                "hidden_act 'prelu' is not implemented; known: gelu, gelu_10, gelu_accurate,"
                        + " gelu_fast, gelu_new, gelu_python, gelu_pytorch_tanh, laplace,"
                        + " leaky_relu, linear, mish, quick_gelu, relu, relu2, relu6, sigmoid,"
                        + " silu, swish, tanh");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rope_scaling", "rope_parameters"})
    void readConfig_unknownRope_listsTheKnown(String field) throws IOException {
        refuses(
                "\"" + field + "\": {\"rope_type\": \"ntk\", \"factor\": 2}",
                field
                        + ": rope type 'ntk' is not implemented; known: default, dynamic, linear,"
                        + " llama3, longrope, mrope, proportional, su, yarn");
    }

    @Test
    void readConfig_ropeWithoutItsNumbers_namesTheFieldInside() throws IOException {
        refuses(
                "\"rope_scaling\": {\"factor\": 8}",
                "rope_scaling: rope_type is missing, but there are [factor]");
        refuses(
                "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"default\"}}",
                "rope_parameters: rope_type is missing, but there are [full_attention]");
        refuses(
                "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}",
                "rope_scaling: low_freq_factor is missing");
        for (String type : List.of("linear", "dynamic", "yarn")) {
            refuses(
                    "\"rope_scaling\": {\"type\": \"" + type + "\"}",
                    "rope_scaling: factor is missing");
        }
        refuses(
                "\"rope_scaling\": {\"type\": \"longrope\", \"factor\": 2}",
                "rope_scaling: short_factor is missing");
        refuses(
                "\"rope_scaling\": {\"type\": \"su\", \"factor\": 2, \"short_factor\": [1, \"2\"]}",
                "rope_scaling: short_factor ([1,\"2\"]) must be a list of numbers");
        refuses(
                "\"rope_scaling\": {\"type\": \"su\", \"factor\": 2, \"short_factor\": 1}",
                "rope_scaling: short_factor (1) must be a list of numbers");
        refusesSize(
                "\"head_dim\": 4, \"rope_scaling\": {\"type\": \"longrope\", \"factor\": 2,"
                        + " \"short_factor\": [1, 2, 3], \"long_factor\": [1, 2]}",
                "short factors (3) must be one for each of the 2 pairs of channels");
        refuses("\"rope_scaling\": 8", "rope_scaling (8) must be an object");
        refusesSize("\"rope_theta\": -1", "ropeTheta (-1.0) must be a finite number above 0");
        refusesSize(
                "\"head_dim\": 5",
                "head_dim (5) times partial_rotary_factor (1.0) gives 5 rotary channels, which must"
                        + " be even, at least 2 and at most head_dim: rotary embedding pairs its"
                        + " channels");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quantization_config | {\"bits\":4} | null",
                "quantization | {\"bits\":4} | null",
                "compression_config | {\"bits\":4} | null",
                "sliding_window | 4096 | null",
                "attn_logit_softcapping | 50.0 | null",
                "final_logit_softcapping | 30.0 | null",
                "attention_multiplier | 0.5 | null",
                "query_pre_attn_scalar | 256 | null",
                "clip_qkv | 8 | null",
                "embedding_multiplier | 12 | 1, 1.0",
                "residual_multiplier | 0.22 | 1, 1.0",
                "logits_scaling | 8 | 1, 1.0",
                "qk_norm | true | null, false",
                "use_qk_norm | true | null, false",
                "alibi | true | null, false",
                "add_cross_attention | true | null, false",
                "num_local_experts | 8 | null, 0, 1",
                "num_experts | 8 | null, 0, 1",
                "no_rope_layers | [1,0] | null, []"
            })
    void readConfig_fieldThatChangesTheModel_isRefused(String field, String value, String neutral)
            throws IOException {
        refuses(
                "\"" + field + "\": " + value,
                field
                        + " ("
                        + value
                        + ") changes the model and is not implemented for this model_type; only "
                        + neutral
                        + " can be loaded");
    }

    @Test
    void readConfig_illTypedFields_sayWhatIsExpected() throws IOException {
        refuses("\"vocab_size\": \"many\"", "vocab_size (\"many\") must be a whole number");
        refuses("\"hidden_size\": 12.5", "hidden_size (12.5) must be a whole number");
        refuses("\"vocab_size\": 3000000000", "vocab_size (3000000000) must be a whole number");
        refuses("\"rms_norm_eps\": [1]", "rms_norm_eps ([1]) must be a number");
        refuses("\"attention_bias\": 1", "attention_bias (1) must be true or false");
        refuses("\"hidden_act\": 3", "hidden_act (3) must be a string");
        refuses("\"num_hidden_layers\": 0", "num_hidden_layers (0) must be at least 1");
        refuses("\"num_attention_heads\": 0", "num_attention_heads (0) must be at least 1");
        refuses("\"hidden_size\": -16", "hidden_size (-16) must be at least 1");
        refusesSize(
                "\"num_attention_heads\": 6, \"hidden_size\": 20",
                "hiddenSize (20) is not divisible by queryHeads (6): set headDim");
        refusesSize(
                "\"num_key_value_heads\": 5",
                "queryHeads (32) must be a multiple of keyValueHeads (5)");
        refusesSize("\"rms_norm_eps\": 0", "normEpsilon (0.0) must be a finite number above 0");
    }

    @Test
    void readConfig_noJson_saysSo() throws IOException {
        Path file = config("[1]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessage(file + " is not a JSON object");
        config("{\"model_type\": ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .withMessageStartingWith(file + " is not valid JSON: ");
    }

    @Test
    void readConfig_noFile_namesIt() {
        assertThatThrownBy(() -> HuggingFaceModels.readConfig(directory))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        directory.resolve("config.json")
                                + " is missing: a Hugging Face directory has one beside its"
                                + " weights");
    }

    @Test
    void textGeneration_engineThatIsNotThere_listsThoseThatAre() {
        TreeSet<String> found = new TreeSet<>(Engine.getAllEngines());
        // It runs whole models elsewhere.
        found.remove("RPC");
        for (String engine : new String[] {"Caffe", "RPC"}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> HuggingFaceModels.textGeneration(directory, engine, Device.cpu()))
                    .withMessage(
                            "engine '"
                                    + engine
                                    + "' is not on the classpath, found "
                                    + found
                                    + ": add its DJL dependency, or name one of these");
        }
    }
}
