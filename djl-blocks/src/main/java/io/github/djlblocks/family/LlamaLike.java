package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.activation.Activations;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.model.CausalLanguageModelBuilder;
import io.github.djlblocks.model.DecoderConfig;
import io.github.djlblocks.model.Decoders;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A decoder of the shape of Llama: what a family has otherwise is said by its subclass, each
 * difference in one method.
 */
class LlamaLike {

    /** Paths of the embedding and of a head of its own. */
    static final String EMBEDDING = "embedding.weight";

    static final String HEAD = "head.weight";

    /**
     * What absent fields are, as in the configuration class of the reference.
     *
     * @param headDim 0 for hidden_size / num_attention_heads
     * @param keyValueHeads 0 for as many as there are query heads
     */
    record Defaults(
            int vocabularySize,
            int hiddenSize,
            int feedForwardSize,
            int layers,
            int queryHeads,
            int keyValueHeads,
            int headDim,
            int maxPositions,
            double epsilon,
            double theta,
            String activation,
            boolean tiedHead,
            Set<Long> endTokens) {

        /** Those of {@code LlamaConfig}. */
        static final Defaults LLAMA =
                new Defaults(
                        32000,
                        4096,
                        11008,
                        32,
                        32,
                        0,
                        0,
                        2048,
                        1e-6,
                        10000,
                        "silu",
                        false,
                        Set.of(2L));
    }

    private final ConfigReader json;
    private final Defaults defaults;
    private final DecoderConfig config;
    private final RotaryConfig rotary;

    LlamaLike(ConfigReader json, Defaults defaults) {
        this.json = json;
        this.defaults = defaults;
        rotary =
                RotaryConfig.of(
                        json, json.integer("max_position_embeddings", defaults.maxPositions()));
        config = readConfig();
    }

    private DecoderConfig readConfig() {
        int hidden = json.integer("hidden_size", defaults.hiddenSize());
        int heads = json.integer("num_attention_heads", defaults.queryHeads());
        int keyValueHeads = defaults.keyValueHeads() == 0 ? heads : defaults.keyValueHeads();
        DecoderConfig.Builder builder =
                DecoderConfig.builder()
                        .setVocabularySize(json.integer("vocab_size", defaults.vocabularySize()))
                        .setHiddenSize(hidden)
                        .setFeedForwardSize(
                                json.integer("intermediate_size", defaults.feedForwardSize()))
                        .setLayers(json.integer("num_hidden_layers", defaults.layers()))
                        .setQueryHeads(heads)
                        .setContextLength(rotary.contextLength())
                        .optKeyValueHeads(json.integer("num_key_value_heads", keyValueHeads))
                        .optNormEpsilon(json.number("rms_norm_eps", defaults.epsilon()))
                        .optActivation(activation())
                        .optAttentionBias(attentionBias())
                        .optFeedForwardBias(json.flag("mlp_bias", false))
                        .optTiedHead(json.flag("tie_word_embeddings", defaults.tiedHead()));
        int derived = defaults.headDim() == 0 ? hidden / heads : defaults.headDim();
        int headDim = json.integer("head_dim", Math.max(1, derived));
        if (!json.has("head_dim") && defaults.headDim() == 0 && hidden % heads != 0) {
            return builder.build();
        }
        return builder.optHeadDim(headDim)
                .optRotary(
                        rotary.spec(
                                headDim,
                                RotaryLayout.HALF_SPLIT,
                                json.number("rope_theta", defaults.theta()),
                                json.number("partial_rotary_factor", 1)))
                .build();
    }

    /** Whether query, key, value and output have a bias. */
    boolean attentionBias() {
        return json.flag("attention_bias", false);
    }

    /** The gate's activation, by its name in the reference. */
    ActivationFunction activation() {
        return activation("hidden_act");
    }

    final ActivationFunction activation(String field) {
        String name = json.text(field, defaults.activation());
        if (!Activations.names().contains(name)) {
            throw json.unknown(field, name, Activations.names());
        }
        return Activations.byName(name);
    }

    final ConfigReader json() {
        return json;
    }

    /** Sizes, and all that is as in Llama. */
    final DecoderConfig config() {
        return config;
    }

    final RotaryConfig rotaryConfig() {
        return rotary;
    }

    /** The rotary embeddings that layers share; the first of them by default. */
    List<RotaryEmbedding> rotaries() {
        return List.of(Decoders.rotary(config));
    }

    /** Which of {@link #rotaries} a layer has. */
    int rotaryOf(int layer) {
        return 0;
    }

    RmsNorm norm(int channels) {
        return RmsNorm.builder().setChannels(channels).optEpsilon(config.normEpsilon()).build();
    }

    /** Attention, but for its rotary embedding. */
    MultiHeadAttentionBuilder attention(int layer) {
        return Decoders.attentionBuilder(config);
    }

    Block feedForward(int layer) {
        return Decoders.feedForward(config);
    }

    /** A sublayer within its residual. */
    Residual residual(int layer, Block sublayer) {
        return Residual.pre(norm(config.hiddenSize()), sublayer);
    }

    /** Whatever else the model has. */
    void addTo(CausalLanguageModelBuilder model) {}

    /** The names of parameters; those of Llama by default. */
    TensorNames.Builder names() {
        return llamaNames();
    }

    static TensorNames.Builder llamaNames() {
        String layer = "model.layers.{i}.";
        String attention = "layers.{i}.attention.";
        String feedForward = "layers.{i}.feedForward.";
        return TensorNames.builder()
                .ignore(layer + "self_attn.rotary_emb.inv_freq")
                .add("model.embed_tokens.weight", EMBEDDING)
                .add(layer + "input_layernorm.weight", attention + "norm.weight")
                .add(layer + "self_attn.q_proj.{p}", attention + "sublayer.query.{p}")
                .add(layer + "self_attn.k_proj.{p}", attention + "sublayer.key.{p}")
                .add(layer + "self_attn.v_proj.{p}", attention + "sublayer.value.{p}")
                .add(layer + "self_attn.o_proj.{p}", attention + "sublayer.output.{p}")
                .add(layer + "post_attention_layernorm.weight", feedForward + "norm.weight")
                .add(layer + "mlp.gate_proj.{p}", feedForward + "sublayer.gate.{p}")
                .add(layer + "mlp.up_proj.{p}", feedForward + "sublayer.up.{p}")
                .add(layer + "mlp.down_proj.{p}", feedForward + "sublayer.down.{p}")
                .add("model.norm.weight", "norm.weight")
                .add("lm_head.weight", HEAD);
    }

    private CausalLanguageModel newBlock(boolean untied) {
        List<RotaryEmbedding> rotaries = rotaries();
        List<Block> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            Block attention = attention(i).optRotary(rotaries.get(rotaryOf(i))).build();
            layers.add(layer(i, attention));
        }
        CausalLanguageModelBuilder model =
                CausalLanguageModel.builder()
                        .setEmbedding(
                                TokenEmbedding.of(config.vocabularySize(), config.hiddenSize()))
                        .setLayers(layers)
                        .setContextLength(config.contextLength())
                        .optNorm(norm(config.hiddenSize()))
                        .optRotary(rotaries.toArray(RotaryEmbedding[]::new));
        if (untied || !config.tiedHead()) {
            model.optHead(Linear.withoutBias(config.hiddenSize(), config.vocabularySize()));
        }
        addTo(model);
        return model.build();
    }

    /** A layer around its attention. */
    Block layer(int layer, Block attention) {
        return DecoderLayer.of(residual(layer, attention), residual(layer, feedForward(layer)));
    }

    /** What it comes to. */
    final ModelDescription describe() {
        String type = json.text("model_type");
        return ModelDescription.builder(
                        ModelDescription.Kind.DECODER, type, Architectures.of(json, "CausalLM"))
                .sizes(
                        config.vocabularySize(),
                        config.hiddenSize(),
                        config.layers(),
                        config.contextLength())
                .endTokens(json.tokens("eos_token_id", defaults.endTokens()))
                .names(names().build())
                .head(config.tiedHead(), EMBEDDING, HEAD)
                .config(config)
                .build(this::newBlock);
    }
}
