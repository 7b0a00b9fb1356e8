package io.github.djlblocks.family;

import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.model.EmbeddingConfig;
import io.github.djlblocks.model.EncoderConfig;
import io.github.djlblocks.model.EncoderDecoders;
import io.github.djlblocks.model.Encoders;
import io.github.djlblocks.model.Seq2SeqConfig;
import io.github.djlblocks.model.StackConfig;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * {@code model_type: t5, mt5}: T5 (arXiv 1910.10683) with a ReLU and a tied, scaled head; version
 * 1.1 and mT5 (arXiv 2010.11934) with a gate and a head of its own.
 */
final class T5Family {

    static final String T5 = "t5";
    static final String MT5 = "mt5";

    private static final String TABLE = "shared.weight";
    private static final String TOKENS = "embeddings.tokens.weight";
    private static final String HEAD = "decoder.head.output.weight";

    /** What absent fields are, as in the configuration classes of the reference. */
    private record Defaults(
            int vocabularySize,
            int feedForwardSize,
            int layers,
            int heads,
            String feedForward,
            boolean tiedHead) {}

    private final ConfigReader json;
    private final Defaults defaults;
    private final String architecture;
    private final boolean gated;
    private final ActivationFunction activation;

    private T5Family(ConfigReader json, Defaults defaults) {
        this.json = json;
        this.defaults = defaults;
        architecture =
                Architectures.of(
                        json, "ForConditionalGeneration", "WithLMHeadModel", "EncoderModel");
        String projection = json.text("feed_forward_proj", defaults.feedForward());
        String[] parts = projection.split("-", -1);
        if (parts.length > 2 || (parts.length == 2 && !parts[0].equals("gated"))) {
            throw json.unknown(
                    "feed_forward_proj", projection, Set.of("relu", "gated-gelu", "gated-silu"));
        }
        gated = json.flag("is_gated_act", parts.length == 2);
        String derived = projection.equals("gated-gelu") ? "gelu_new" : parts[parts.length - 1];
        String field = json.has("dense_act_fn") ? "dense_act_fn" : "feed_forward_proj";
        activation = NamedActivations.of(json, field, json.text("dense_act_fn", derived));
        json.refuseUnless("tie_encoder_decoder", "false");
        json.refuseUnless("is_decoder", "false");
    }

    static ModelDescription describe(ConfigReader json) {
        return new T5Family(json, new Defaults(32128, 2048, 6, 8, "relu", true)).describe();
    }

    static ModelDescription describeMultilingual(ConfigReader json) {
        return new T5Family(json, new Defaults(250112, 1024, 8, 6, "gated-gelu", false)).describe();
    }

    private EncoderConfig half(int layers, boolean bidirectional) {
        int size = json.integer("d_model", 512);
        return new EncoderConfig(
                EmbeddingConfig.builder()
                        .setVocabularySize(json.integer("vocab_size", defaults.vocabularySize()))
                        // Distances are told, and there is one for every length.
                        .setContextLength(Integer.MAX_VALUE)
                        .optPositions(EmbeddingConfig.Positions.NONE)
                        .optNorm(false)
                        .build(),
                StackConfig.builder()
                        .setHiddenSize(size)
                        .setFeedForwardSize(json.integer("d_ff", defaults.feedForwardSize()))
                        .setLayers(layers)
                        .setHeads(json.integer("num_heads", defaults.heads()))
                        .optHeadDim(json.integer("d_kv", 64))
                        .optNorm(StackConfig.Norm.RMS_NORM)
                        .optNormEpsilon(json.number("layer_norm_epsilon", 1e-6))
                        .optScheme(StackConfig.Scheme.PRE)
                        .optActivation(activation)
                        .optGated(gated)
                        .optBias(false)
                        .optAttentionScale(1)
                        .optBuckets(
                                new BucketSpec(
                                        json.integer("relative_attention_num_buckets", 32),
                                        json.integer("relative_attention_max_distance", 128),
                                        bidirectional))
                        .build());
    }

    private ModelDescription describe() {
        int layers = json.integer("num_layers", defaults.layers());
        int decoderLayers = json.integer("num_decoder_layers", layers);
        EncoderConfig encoder = half(layers, true);
        Set<Long> pad = json.tokens("pad_token_id", Set.of(0L));
        Set<Long> start = json.tokens("decoder_start_token_id", pad);
        Set<Long> end = json.tokens("eos_token_id", Set.of(1L));
        boolean tied = json.flag("tie_word_embeddings", defaults.tiedHead());
        boolean scaled = json.flag("scale_decoder_outputs", tied);
        json.flag("is_encoder_decoder", true);
        if (architecture.endsWith("EncoderModel")) {
            return description(ModelDescription.Kind.ENCODER, layers, end)
                    .names(encoderNames("").build())
                    .head(false, TOKENS, null)
                    .variants(this::describe, tensors -> false)
                    .build(untied -> Encoders.encoder(encoder));
        }
        // Version 5 of the reference calls every head tied and keeps the other matrix if there is
        // one: only a head that is scaled is the table for sure.
        boolean table = tied && scaled;
        Seq2SeqConfig config =
                new Seq2SeqConfig(
                        encoder,
                        half(decoderLayers, false),
                        true,
                        table,
                        scaled ? 1 / Math.sqrt(encoder.stack().hiddenSize()) : 1,
                        false);
        Function<Boolean, KernelBlock> blocks =
                untied -> EncoderDecoders.model(untied ? config.withOwnHead() : config);
        TensorNames.Builder names = encoderNames("encoder.");
        addDecoder(names);
        if (tied && !table) {
            names.tie(HEAD, TABLE);
        }
        return description(ModelDescription.Kind.ENCODER_DECODER, decoderLayers, end)
                .seq2Seq(
                        Seq2SeqDescription.of(
                                config,
                                start,
                                json.tokens("forced_bos_token_id", Set.of()),
                                json.tokens("forced_eos_token_id", Set.of())))
                .names(names.build())
                .head(table, "encoder." + TOKENS, HEAD)
                .build(blocks);
    }

    private ModelDescriptionBuilder description(
            ModelDescription.Kind kind, int layers, Set<Long> end) {
        EmbeddingConfig embedding = half(layers, true).embedding();
        return ModelDescription.builder(kind, json.text("model_type"), architecture)
                .sizes(
                        embedding.vocabularySize(),
                        json.integer("d_model", 512),
                        layers,
                        embedding.contextLength())
                .endTokens(end);
    }

    private TensorNames.Builder encoderNames(String path) {
        String sub = path + "layers.{i}.";
        TensorNames.Builder names =
                TensorNames.builder()
                        .add(TABLE, path + TOKENS)
                        .ignore("encoder.embed_tokens.weight")
                        .ignore("decoder.embed_tokens.weight")
                        .substitute(
                                TABLE,
                                List.of(
                                        "encoder.embed_tokens.weight",
                                        "decoder.embed_tokens.weight",
                                        "lm_head.weight"));
        attention(names, "encoder.block.{i}.layer.0", "SelfAttention", sub + "attention");
        feedForward(names, "encoder.block.{i}.layer.1", sub + "feedForward");
        return names.add(
                        "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                        path + "positionBias.weight")
                .add("encoder.final_layer_norm.weight", path + "norm.weight");
    }

    private void addDecoder(TensorNames.Builder names) {
        String block = "decoder.block.{i}.layer.";
        String layer = "decoder.layers.{i}.";
        attention(names, block + 0, "SelfAttention", layer + "attention");
        attention(names, block + 1, "EncDecAttention", layer + "crossAttention");
        feedForward(names, block + 2, layer + "feedForward");
        // The first checkpoints have a bias of cross-attention, which nothing used.
        names.ignore("decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight")
                .add(
                        "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                        "decoder.positionBias.weight")
                .add("decoder.final_layer_norm.weight", "decoder.norm.weight")
                .add("lm_head.weight", HEAD);
    }

    private static void attention(
            TensorNames.Builder names, String layer, String attention, String path) {
        String tensor = layer + "." + attention;
        names.add(layer + ".layer_norm.weight", path + ".norm.weight")
                .add(tensor + ".q.weight", path + ".sublayer.query.weight")
                .add(tensor + ".k.weight", path + ".sublayer.key.weight")
                .add(tensor + ".v.weight", path + ".sublayer.value.weight")
                .add(tensor + ".o.weight", path + ".sublayer.output.weight");
    }

    private void feedForward(TensorNames.Builder names, String layer, String path) {
        String dense = layer + ".DenseReluDense.";
        names.add(layer + ".layer_norm.weight", path + ".norm.weight")
                .add(dense + "wo.weight", path + ".sublayer.down.weight");
        if (gated) {
            names.add(dense + "wi_0.weight", path + ".sublayer.gate.weight")
                    .add(dense + "wi_1.weight", path + ".sublayer.up.weight");
        } else {
            names.add(dense + "wi.weight", path + ".sublayer.up.weight");
        }
    }
}
