package io.github.djlblocks.families;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.model.DecoderConfig;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What config.json of decoders shaped as Llama means, family by family. */
class DecoderConfigTest {

    private static final String SMALL =
            """
            {"vocab_size": 13, "hidden_size": 12, "intermediate_size": 20, "head_dim": 6,
             "num_hidden_layers": 4, "num_attention_heads": 4, "num_key_value_heads": 2,
             "max_position_embeddings": 16, "model_type": "%s"%s}
            """;

    private static ModelDescription read(String type, String more) {
        return Families.parse(SMALL.formatted(type, more));
    }

    private static Map<String, Shape> shapes(ModelDescription description) {
        Map<String, Shape> shapes = new TreeMap<>();
        ParameterPaths.of(description.newBlock())
                .forEach((path, parameter) -> shapes.put(path, parameter.getShape()));
        return shapes;
    }

    /** As the configuration classes of transformers 4.51.3 say. */
    @ParameterizedTest
    @CsvSource({
        "llama,       32000,  4096, 11008, 32, 32, 32, 128, 2048,   1e-6, 10000,   false, 2",
        "mistral,     32000,  4096, 14336, 32, 32, 8,  128, 131072, 1e-6, 10000,   false, 2",
        "mixtral,     32000,  4096, 14336, 32, 32, 8,  128, 131072, 1e-5, 1000000, false, 2",
        "qwen2,       151936, 4096, 22016, 32, 32, 32, 128, 32768,  1e-6, 10000,   false, -1",
        "qwen3,       151936, 4096, 22016, 32, 32, 32, 128, 32768,  1e-6, 10000,   false, -1",
        "qwen2_moe,   151936, 2048, 5632,  24, 16, 16, 128, 32768,  1e-6, 10000,   false, -1",
        "qwen3_moe,   151936, 2048, 6144,  24, 32, 4,  64,  32768,  1e-6, 10000,   false, -1",
        "olmo2,       50304,  4096, 11008, 32, 32, 32, 128, 2048,   1e-5, 10000,   false, 50279",
        "phi3,        32064,  3072, 8192,  32, 32, 32, 96,  4096,   1e-5, 10000,   false, 32000",
        "granite,     32000,  4096, 11008, 32, 32, 32, 128, 2048,   1e-6, 10000,   false, 2",
        "starcoder2,  49152,  3072, 12288, 30, 24, 2,  128, 4096,   1e-5, 10000,   true,  50256",
        "gemma,       256000, 3072, 24576, 28, 16, 16, 256, 8192,   1e-6, 10000,   true,  1",
        "gemma2,      256000, 2304, 9216,  26, 8,  4,  256, 8192,   1e-6, 10000,   true,  1",
        "gemma3_text, 262208, 2304, 9216,  26, 8,  4,  256, 131072, 1e-6, 1000000, true,  1"
    })
    void parse_nothingButTheType_hasTheDefaultsOfItsClass(
            String type,
            int vocabulary,
            int hidden,
            int feedForward,
            int layers,
            int heads,
            int keyValueHeads,
            int headDim,
            int context,
            double epsilon,
            double theta,
            boolean tied,
            long end) {
        ModelDescription description = Families.parse("{\"model_type\": \"" + type + "\"}");
        DecoderConfig config = description.decoderConfig().orElseThrow();

        assertThat(config.vocabularySize()).isEqualTo(vocabulary);
        assertThat(config.hiddenSize()).isEqualTo(hidden);
        assertThat(config.feedForwardSize()).isEqualTo(feedForward);
        assertThat(config.layers()).isEqualTo(layers);
        assertThat(config.queryHeads()).isEqualTo(heads);
        assertThat(config.keyValueHeads()).isEqualTo(keyValueHeads);
        assertThat(config.headDim()).isEqualTo(headDim);
        assertThat(config.contextLength()).isEqualTo(context);
        assertThat(config.normEpsilon()).isEqualTo(epsilon);
        double[] rates = config.rotary().inverseFrequencies();
        assertThat(rates).hasSize(headDim / 2);
        assertThat(rates[1]).isCloseTo(Math.pow(theta, -2.0 / headDim), within(1e-15));
        assertThat(config.tiedHead()).isEqualTo(tied);
        assertThat(config.activation())
                .isEqualTo(
                        type.startsWith("gemma") || type.equals("starcoder2")
                                ? ActivationFunction.GELU_TANH
                                : ActivationFunction.SILU);
        assertThat(description.endTokens()).isEqualTo(end < 0 ? Set.of() : Set.of(end));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mistral", "mixtral", "qwen2", "gemma", "olmo2", "phi3"})
    void parse_nullKeyValueHeads_areAsManyAsQueryHeads(String type) {
        String nulls = "{\"model_type\": \"%s\", \"num_key_value_heads\": null}".formatted(type);
        DecoderConfig config = Families.parse(nulls).decoderConfig().orElseThrow();
        assertThat(config.keyValueHeads()).isEqualTo(config.queryHeads());
    }

    @Test
    void parse_defaultExperts_areThoseOfTheClass() {
        Map<String, Shape> mixtral = shapes(read("mixtral", ""));
        assertThat(mixtral)
                .containsEntry(ffn(0, "router.weight"), new Shape(8, 12))
                .containsEntry(ffn(3, "experts.7.gate.weight"), new Shape(20, 12));
        Map<String, Shape> third = shapes(read("qwen3_moe", ""));
        assertThat(third)
                .containsEntry(ffn(0, "router.weight"), new Shape(128, 12))
                .containsEntry(ffn(0, "experts.127.down.weight"), new Shape(12, 768))
                .doesNotContainKey(ffn(0, "sharedGate.weight"));
        Map<String, Shape> second = shapes(read("qwen2_moe", ""));
        assertThat(second)
                .containsEntry(ffn(3, "router.weight"), new Shape(60, 12))
                .containsEntry(ffn(3, "experts.59.up.weight"), new Shape(1408, 12))
                .containsEntry(ffn(3, "sharedExpert.up.weight"), new Shape(5632, 12))
                .containsEntry(ffn(3, "sharedGate.weight"), new Shape(1, 12))
                .containsKey("layers.0.attention.sublayer.query.bias");
    }

    private static String ffn(int layer, String name) {
        return "layers." + layer + ".feedForward.sublayer." + name;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"decoder_sparse_step\": 1 | 0 1 2 3",
                "\"decoder_sparse_step\": 2 | 1 3",
                "\"decoder_sparse_step\": 3 | 2",
                "\"mlp_only_layers\": [1, 2] | 0 3",
                "\"decoder_sparse_step\": 2, \"mlp_only_layers\": [3] | 1",
                "\"num_local_experts\": 8 | 0 1 2 3",
                "\"num_experts\": 0 | ''"
            })
    void parse_sparseLayers_areWhereTheFieldsSay(String more, String layers) {
        Map<String, Shape> shapes = shapes(read("qwen3_moe", ", " + more));
        String found =
                IntStream.range(0, 4)
                        .filter(i -> shapes.containsKey(ffn(i, "router.weight")))
                        .mapToObj(Integer::toString)
                        .collect(Collectors.joining(" "));
        assertThat(found).isEqualTo(layers);
        for (int i = 0; i < 4; i++) {
            boolean dense = !found.contains(Integer.toString(i));
            assertThat(shapes.containsKey(ffn(i, "gate.weight"))).isEqualTo(dense);
        }
    }

    @Test
    void parse_biases_areWhereTheFamilyHasThem() {
        String bias = ", \"attention_bias\": true";
        assertThat(biases("llama", bias + ", \"mlp_bias\": true"))
                .containsExactlyInAnyOrder("query", "key", "value", "output", "gate", "up", "down");
        for (String type : List.of("qwen3", "qwen3_moe", "olmo2", "gemma", "gemma2")) {
            assertThat(biases(type, bias))
                    .containsExactlyInAnyOrder("query", "key", "value", "output");
            assertThat(biases(type, "")).isEmpty();
        }
        assertThat(biases("qwen2", "")).containsExactlyInAnyOrder("query", "key", "value");
        assertThat(biases("qwen2_moe", ", \"qkv_bias\": false")).isEmpty();
        for (String type : List.of("mistral", "mixtral", "qwen2", "phi3")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> read(type, bias))
                    .withMessageContaining("attention_bias (true) changes the model");
        }
    }

    private static Set<String> biases(String type, String more) {
        return shapes(read(type, more)).keySet().stream()
                .filter(path -> path.endsWith(".bias"))
                .map(path -> path.replaceAll(".*sublayer\\.(.*)\\.bias", "$1"))
                .collect(Collectors.toSet());
    }

    @Test
    void parse_gemmaActivation_isThatOfEitherField() {
        assertThat(activation("gemma", ", \"hidden_act\": \"gelu\""))
                .isEqualTo(ActivationFunction.GELU);
        assertThat(
                        activation(
                                "gemma",
                                ", \"hidden_act\": \"gelu\","
                                        + " \"hidden_activation\": \"gelu_pytorch_tanh\""))
                .isEqualTo(ActivationFunction.GELU_TANH);
        assertThat(activation("gemma2", ", \"hidden_activation\": \"relu\""))
                .isEqualTo(ActivationFunction.RELU);
    }

    private static ActivationFunction activation(String type, String more) {
        return read(type, more).decoderConfig().orElseThrow().activation();
    }

    @Test
    void parse_phi3_isFusedAndTurnsAPart() {
        ModelDescription description =
                read(
                        "phi3",
                        ", \"head_dim\": 8, \"partial_rotary_factor\": 0.75, \"rope_scaling\":"
                                + " {\"type\": \"longrope\", \"short_factor\": [1, 2, 3],"
                                + " \"long_factor\": [4, 5, 6]}");
        assertThat(shapes(description))
                .containsEntry(
                        "layers.1.attention.sublayer.queryKeyValue.weight", new Shape(64, 12))
                .containsEntry(ffn(1, "gateUp.weight"), new Shape(40, 12));
        DecoderConfig config = description.decoderConfig().orElseThrow();
        assertThat(config.rotary().rotaryDim()).isEqualTo(6);
        // The original length is 4096 where it is absent: more than there are positions.
        assertThat(config.rotary().attentionFactor()).isEqualTo(1);
        assertThat(config.rotary().rates().at(4096)[1])
                .isCloseTo(Math.pow(10000, -1.0 / 3) / 2, within(1e-15));
        assertThat(config.rotary().rates().at(4097)[1])
                .isCloseTo(Math.pow(10000, -1.0 / 3) / 5, within(1e-15));
    }

    @Test
    void parse_ofPictures_namesTheTypeOfTheText() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Families.parse("{\"model_type\": \"gemma3\"}"))
                .withMessageContaining("model_type 'gemma3' has a vision model")
                .withMessageContaining("text_config, whose model_type is 'gemma3_text'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "gemma3_text | \"attn_logit_softcapping\": 50.0 | attn_logit_softcapping (50.0)"
                        + " changes the model and is not implemented for this model_type",
                "gemma2 | \"layer_types\": [\"full_attention\"] | layer_types (1) must be one for"
                        + " each of num_hidden_layers (4)",
                "qwen3 | \"layer_types\": [\"chunked_attention\"] | layer_types"
                        + " 'chunked_attention' is not implemented; known: full_attention,"
                        + " sliding_attention",
                "gemma2 | \"sliding_window\": null | sliding_window is missing",
                "mixtral | \"sliding_window\": 0 | sliding_window (0) must be at least 1",
                "mixtral | \"num_experts_per_tok\": 9 | 9",
                "phi3 | \"rope_scaling\": {\"type\": \"llama3\", \"factor\": 2} | rope type"
                        + " 'llama3' is not implemented; known: default, longrope, su",
                "gemma | \"query_pre_attn_scalar\": 9 | query_pre_attn_scalar (9) changes the"
                        + " model",
                "gemma | \"hidden_activation\": \"gelu2\" | hidden_activation 'gelu2' is not"
                        + " implemented",
                "qwen2 | \"num_experts\": 4 | num_experts (4) changes the model",
                "llama | \"sliding_window\": 4 | sliding_window (4) changes the model",
                "olmo2 | \"clip_qkv\": 4 | clip_qkv (4) changes the model"
            })
    void parse_whatCannotBeBuilt_isRefusedByName(String type, String more, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> read(type, ", " + more).newBlock())
                .withMessageContaining(message);
    }
}
