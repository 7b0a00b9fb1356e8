package io.github.djlblocks.seq2seq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.family.Seq2SeqDescription;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What config.json of an encoder-decoder means. */
class Seq2SeqConfigTest {

    private static ModelDescription read(String type, String... fields) {
        List<String> all = new ArrayList<>(List.of("\"model_type\": \"" + type + "\""));
        all.addAll(List.of(fields));
        return Families.parse("{" + String.join(", ", all) + "}");
    }

    private static Seq2SeqConfig sizes(ModelDescription description) {
        return description.seq2Seq().orElseThrow().config();
    }

    /** {@code T5Config()}, {@code MT5Config()} of transformers 4.51.3. */
    @ParameterizedTest
    @CsvSource({"t5, 32128, 2048, 6, 8, false, true", "mt5, 250112, 1024, 8, 6, true, false"})
    void t5_fieldsAbsent_haveTheDefaultsOfTheReference(
            String type, int tokens, int wide, int layers, int heads, boolean gated, boolean tied) {
        ModelDescription description = read(type);
        Seq2SeqConfig config = sizes(description);
        for (StackConfig stack : List.of(config.encoder().stack(), config.decoder().stack())) {
            assertThat(stack.hiddenSize()).isEqualTo(512);
            assertThat(stack.headDim()).isEqualTo(64);
            assertThat(stack.feedForwardSize()).isEqualTo(wide);
            assertThat(stack.layers()).isEqualTo(layers);
            assertThat(stack.heads()).isEqualTo(heads);
            assertThat(stack.gated()).isEqualTo(gated);
            assertThat(stack.normEpsilon()).isEqualTo(1e-6);
            assertThat(stack.attentionScale()).isEqualTo(1);
            assertThat(stack.activation())
                    .isEqualTo(gated ? ActivationFunction.GELU_TANH : ActivationFunction.RELU);
        }
        assertThat(config.encoder().stack().buckets()).isEqualTo(new BucketSpec(32, 128, true));
        assertThat(config.decoder().stack().buckets()).isEqualTo(new BucketSpec(32, 128, false));
        assertThat(config.encoder().embedding().vocabularySize()).isEqualTo(tokens);
        assertThat(config.tiedHead()).isEqualTo(tied);
        assertThat(config.headScale()).isEqualTo(tied ? 1 / Math.sqrt(512) : 1);
        assertThat(description.endTokens()).containsExactly(1L);
        assertThat(description.decoderStartTokens()).containsExactly(0L);
    }

    /** {@code BartConfig()} and the others of transformers 4.51.3. */
    @ParameterizedTest
    @CsvSource({
        "bart, 50265, 1024, 1024, 12, 12, 16, 4096, 2, 2",
        "mbart, 50265, 1024, 1024, 12, 12, 16, 4096, 0, 2",
        "pegasus, 50265, 1024, 1024, 12, 12, 16, 4096, 0, 1",
        "marian, 58101, 1024, 1024, 12, 12, 16, 4096, 58100, 0",
        "blenderbot, 8008, 128, 2560, 2, 24, 32, 10240, 1, 2"
    })
    void bart_fieldsAbsent_haveTheDefaultsOfTheReference(
            String type,
            int tokens,
            int positions,
            int size,
            int encoderLayers,
            int decoderLayers,
            int heads,
            int wide,
            long start,
            long end) {
        ModelDescription description = read(type);
        Seq2SeqConfig config = sizes(description);
        assertThat(config.encoder().stack().layers()).isEqualTo(encoderLayers);
        assertThat(config.decoder().stack().layers()).isEqualTo(decoderLayers);
        for (StackConfig stack : List.of(config.encoder().stack(), config.decoder().stack())) {
            assertThat(stack.hiddenSize()).isEqualTo(size);
            assertThat(stack.headDim()).isEqualTo(size / heads);
            assertThat(stack.feedForwardSize()).isEqualTo(wide);
            assertThat(stack.activation()).isEqualTo(ActivationFunction.GELU);
            assertThat(stack.normEpsilon()).isEqualTo(1e-5);
            assertThat(stack.bias()).isTrue();
        }
        EmbeddingConfig embedding = config.decoder().embedding();
        assertThat(embedding.vocabularySize()).isEqualTo(tokens);
        assertThat(embedding.contextLength()).isEqualTo(positions);
        assertThat(embedding.scale()).isEqualTo(1);
        assertThat(config.tiedHead()).isTrue();
        assertThat(description.decoderStartTokens()).containsExactly(start);
        assertThat(description.endTokens()).containsExactly(end);
        assertThat(description.seq2Seq().map(Seq2SeqDescription::forcedLast))
                .contains(OptionalLong.of(end));
    }

    @Test
    void bart_oldFieldsOfTheBeginning_forceIt() {
        Seq2SeqDescription forced =
                read("bart", "\"force_bos_token_to_be_generated\": true", "\"bos_token_id\": 7")
                        .seq2Seq()
                        .orElseThrow();
        assertThat(forced.forcedFirst()).hasValue(7);
        Seq2SeqDescription none =
                read("bart", "\"forced_eos_token_id\": null").seq2Seq().orElseThrow();
        assertThat(none.forcedFirst()).isEmpty();
        assertThat(none.forcedLast()).isEmpty();
    }

    /** Version 5 of the reference keeps apart what tie_word_embeddings meant in version 4. */
    @Test
    void t5_ofVersion5_isScaledAsItSays() {
        Seq2SeqConfig scaled =
                sizes(
                        read(
                                "t5",
                                "\"tie_word_embeddings\": true",
                                "\"scale_decoder_outputs\": true"));
        assertThat(scaled.tiedHead()).isTrue();
        assertThat(scaled.headScale()).isEqualTo(1 / Math.sqrt(512));
        ModelDescription own =
                read("t5", "\"tie_word_embeddings\": true", "\"scale_decoder_outputs\": false");
        assertThat(sizes(own).headScale()).isEqualTo(1);
        assertThat(sizes(own).tiedHead()).isFalse();
        assertThat(own.weightMap().ties())
                .isEqualTo(Map.of("decoder.head.output.weight", "shared.weight"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "t5 | \"feed_forward_proj\": \"twice-gelu\" | feed_forward_proj 'twice-gelu' is not"
                        + " implemented; known: gated-gelu, gated-silu, relu",
                "t5 | \"feed_forward_proj\": \"gated-none\" | feed_forward_proj 'none' is not"
                        + " implemented; known: ",
                "t5 | \"tie_encoder_decoder\": true | tie_encoder_decoder (true) changes the model",
                "t5 | \"architectures\": [\"T5ForTokenClassification\"] | architectures"
                        + " 'T5ForTokenClassification' is not implemented",
                "bart | \"normalize_before\": true | normalize_before (true) changes the model and"
                        + " is not implemented for this model_type; only false can be loaded",
                "mbart | \"normalize_before\": false | normalize_before (false) changes",
                "bart | \"normalize_embedding\": false | normalize_embedding (false) changes",
                "pegasus | \"normalize_embedding\": true | normalize_embedding (true) changes",
                "bart | \"static_position_embeddings\": true | static_position_embeddings (true)",
                "bart | \"extra_pos_embeddings\": 0 | extra_pos_embeddings (0) changes",
                "bart | \"activation_function\": \"none\" | activation_function 'none' is not",
                "bart | \"architectures\": [\"BartForCausalLM\"] | architectures 'BartForCausalLM'",
                "bart | \"is_decoder\": true | is_decoder (true) changes the model",
                "bart | \"quantization_config\": {} | quantization_config ({}) changes",
                "marian | \"decoder_vocab_size\": 7 | decoder_vocab_size (7) must be vocab_size"
                        + " (58101)",
                "bart | \"architectures\": [\"BartModel\"], \"tie_word_embeddings\": false |"
                        + " architectures (BartModel) has no head"
            })
    void read_whatIsNotBuilt_isRefusedByName(String type, String field, String message) {
        assertThatThrownBy(() -> read(type, field))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    private static final String SMALL =
            "\"d_model\": 8, \"vocab_size\": 9, \"encoder_layers\": 1, \"decoder_layers\": 1,"
                + " \"encoder_attention_heads\": 2, \"decoder_attention_heads\": 2,"
                + " \"encoder_ffn_dim\": 6, \"decoder_ffn_dim\": 5, \"max_position_embeddings\": 4";

    private static List<String> biased(String... names) {
        List<String> all = new ArrayList<>();
        for (String name : names) {
            all.add(name + ".weight");
            all.add(name + ".bias");
        }
        return all;
    }

    /** The state_dict of MBartForConditionalGeneration without tied copies. */
    @Test
    void mbart_tensors_areNamedAsInTheReference() {
        Map<String, Shape> tensors = RandomSeq2Seq.tensors(read("mbart", SMALL));
        List<String> expected = new ArrayList<>(List.of("final_logits_bias"));
        expected.add("model.shared.weight");
        for (String half : List.of("encoder", "decoder")) {
            String stack = "model." + half + ".";
            expected.add(stack + "embed_positions.weight");
            expected.addAll(biased(stack + "layernorm_embedding", stack + "layer_norm"));
            String layer = stack + "layers.0.";
            expected.addAll(biased(layer + "fc1", layer + "fc2", layer + "final_layer_norm"));
            for (String attention : List.of("self_attn", "encoder_attn")) {
                if (half.equals("encoder") && attention.equals("encoder_attn")) {
                    continue;
                }
                expected.addAll(biased(layer + attention + "_layer_norm"));
                for (String map : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
                    expected.addAll(biased(layer + attention + "." + map));
                }
            }
        }
        assertThat(tensors.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(tensors)
                .containsEntry("final_logits_bias", new Shape(1, 9))
                .containsEntry("model.encoder.embed_positions.weight", new Shape(6, 8))
                .containsEntry("model.decoder.layers.0.fc1.weight", new Shape(5, 8));
    }

    /** What one family has, another has not. */
    @Test
    void others_tensors_areThoseOfTheirArchitecture() {
        assertThat(RandomSeq2Seq.tensors(read("pegasus", SMALL)).keySet())
                .contains("model.encoder.layer_norm.weight")
                .noneMatch(name -> name.contains("embed_positions"))
                .noneMatch(name -> name.contains("layernorm_embedding"));
        assertThat(
                        RandomSeq2Seq.tensors(
                                        read(
                                                "marian",
                                                SMALL,
                                                "\"share_encoder_decoder_embeddings\": false",
                                                "\"decoder_vocab_size\": 7"))
                                .entrySet())
                .contains(Map.entry("model.encoder.embed_tokens.weight", new Shape(9, 8)))
                .contains(Map.entry("model.decoder.embed_tokens.weight", new Shape(7, 8)))
                .contains(Map.entry("final_logits_bias", new Shape(1, 7)))
                .noneMatch(entry -> entry.getKey().contains(".layer_norm."))
                .noneMatch(entry -> entry.getKey().contains("shared"));
        assertThat(RandomSeq2Seq.tensors(read("blenderbot", SMALL)))
                .containsEntry("model.encoder.embed_positions.weight", new Shape(4, 8))
                .containsKey("model.decoder.layer_norm.bias")
                .doesNotContainKey("model.encoder.layernorm_embedding.weight");
    }

    /** The state_dict of a T5 of version 1.1. */
    @Test
    void gatedT5_tensors_areNamedAsInTheReference() {
        ModelDescription description =
                read(
                        "t5",
                        "\"d_model\": 8, \"d_kv\": 3, \"d_ff\": 6, \"num_heads\": 2,"
                                + " \"num_layers\": 1, \"vocab_size\": 9",
                        "\"feed_forward_proj\": \"gated-gelu\"",
                        "\"tie_word_embeddings\": false");
        List<String> expected = new ArrayList<>(List.of("shared.weight", "lm_head.weight"));
        for (String half : List.of("encoder", "decoder")) {
            String block = half + ".block.0.layer.";
            List<String> subs = new ArrayList<>(List.of("SelfAttention"));
            if (half.equals("decoder")) {
                subs.add("EncDecAttention");
            }
            for (int i = 0; i < subs.size(); i++) {
                for (String map : List.of("q", "k", "v", "o")) {
                    expected.add(block + i + "." + subs.get(i) + "." + map + ".weight");
                }
            }
            for (int i = 0; i <= subs.size(); i++) {
                expected.add(block + i + ".layer_norm.weight");
            }
            for (String map : List.of("wi_0", "wi_1", "wo")) {
                expected.add(block + subs.size() + ".DenseReluDense." + map + ".weight");
            }
            expected.add(block + "0.SelfAttention.relative_attention_bias.weight");
            expected.add(half + ".final_layer_norm.weight");
        }
        Map<String, Shape> tensors = RandomSeq2Seq.tensors(description);
        assertThat(tensors.keySet()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(tensors)
                .containsEntry("encoder.block.0.layer.0.SelfAttention.o.weight", new Shape(8, 6));
    }
}
