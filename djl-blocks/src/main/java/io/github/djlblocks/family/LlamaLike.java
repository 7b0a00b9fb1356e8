package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
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

    /** What names of tensors, and paths of parameters, of a layer start with. */
    static final String LAYER = "model.layers.{i}.";

    static final String ATTENTION = "layers.{i}.attention.";
    static final String FEED_FORWARD = "layers.{i}.feedForward.";

    private final ConfigReader json;
    private final DecoderConfig config;

    /**
     * Reads what is as in Llama.
     *
     * @param given the configuration
     * @param defaults what absent fields are, as JSON: the configuration class of the reference
     */
    LlamaLike(ConfigReader given, String defaults) {
        json = given.withDefaults(defaults);
        config = readConfig();
    }

    private DecoderConfig readConfig() {
        int hidden = json.integer("hidden_size");
        int heads = json.integer("num_attention_heads");
        RotaryConfig rotary = rotary(json.integer("max_position_embeddings"));
        DecoderConfig.Builder builder =
                DecoderConfig.builder()
                        .setVocabularySize(json.integer("vocab_size"))
                        .setHiddenSize(hidden)
                        .setFeedForwardSize(json.integer("intermediate_size"))
                        .setLayers(json.integer("num_hidden_layers"))
                        .setQueryHeads(heads)
                        .setContextLength(rotary.contextLength())
                        .optKeyValueHeads(json.integer("num_key_value_heads", heads))
                        .optNormEpsilon(json.number(epsilonField()))
                        .optActivation(activation())
                        .optAttentionBias(attentionBias())
                        .optFeedForwardBias(feedForwardBias())
                        .optTiedHead(json.flag("tie_word_embeddings", false));
        if (!json.has("head_dim") && hidden % heads != 0) {
            return builder.build();
        }
        int headDim = json.integer("head_dim", Math.max(1, hidden / heads));
        return builder.optHeadDim(headDim)
                .optRotary(
                        rotary.spec(
                                headDim,
                                RotaryLayout.HALF_SPLIT,
                                json.number("rope_theta", 10000),
                                json.number("partial_rotary_factor", 1)))
                .build();
    }

    /** The rotary embedding of all layers, or of those that see everything. */
    RotaryConfig rotary(int maxPositions) {
        return RotaryConfig.of(json, maxPositions);
    }

    /** Whether query, key, value and output have a bias; no by default, whatever the field says. */
    boolean attentionBias() {
        return false;
    }

    /** Whether gate, up and down have a bias; no by default, whatever the field says. */
    boolean feedForwardBias() {
        return false;
    }

    String epsilonField() {
        return "rms_norm_eps";
    }

    /** The gate's activation, by its name in the reference. */
    ActivationFunction activation() {
        return activation("hidden_act");
    }

    final ActivationFunction activation(String field) {
        return NamedActivations.of(json, field, json.text(field));
    }

    /** The fields, those that are absent by their defaults. */
    final ConfigReader json() {
        return json;
    }

    /** Sizes, and all that is as in Llama. */
    final DecoderConfig config() {
        return config;
    }

    /** The rotary embeddings that layers share; one by default. */
    List<RotaryEmbedding> rotaries() {
        return List.of(Decoders.rotary(config));
    }

    /** Which of {@link #rotaries} a layer has. */
    int rotaryOf(int layer) {
        return 0;
    }

    /** How many tokens a token of a layer sees, itself one of them; 0 for all before it. */
    int window(int layer) {
        return 0;
    }

    Block norm(int channels) {
        return RmsNorm.builder().setChannels(channels).optEpsilon(config.normEpsilon()).build();
    }

    /** Attention, but for its rotary embedding and window. */
    MultiHeadAttentionBuilder attention(int layer) {
        return Decoders.attentionBuilder(config);
    }

    Block feedForward(int layer) {
        return Decoders.feedForward(config);
    }

    /** A feed-forward block of another width, such as that of an expert. */
    final GatedFeedForward feedForwardOf(int width) {
        int e = config.hiddenSize();
        return GatedFeedForward.of(
                Linear.withoutBias(e, width),
                Linear.withoutBias(e, width),
                Linear.withoutBias(width, e),
                config.activation());
    }

    /** A sublayer within its residual. */
    Residual residual(Block sublayer) {
        return Residual.pre(norm(config.hiddenSize()), sublayer);
    }

    /** Whatever else the model has. */
    void addTo(CausalLanguageModelBuilder model) {}

    /** The names of the norms of a layer. */
    void nameNorms(TensorNames.Builder names) {
        names.add(LAYER + "input_layernorm.{p}", ATTENTION + "norm.{p}")
                .add(LAYER + "post_attention_layernorm.{p}", FEED_FORWARD + "norm.{p}");
    }

    /** The names of the projections of attention, and of norms within it. */
    void nameAttention(TensorNames.Builder names) {
        String from = LAYER + "self_attn.";
        String to = ATTENTION + "sublayer.";
        names.add(from + "q_proj.{p}", to + "query.{p}")
                .add(from + "k_proj.{p}", to + "key.{p}")
                .add(from + "v_proj.{p}", to + "value.{p}")
                .add(from + "o_proj.{p}", to + "output.{p}");
    }

    /** The names within feed-forward. */
    void nameFeedForward(TensorNames.Builder names) {
        nameGated(names, LAYER + "mlp.", FEED_FORWARD + "sublayer.");
    }

    /** The names of norms of queries and keys. */
    static void nameQueryKeyNorms(TensorNames.Builder names) {
        names.add(LAYER + "self_attn.q_norm.{p}", ATTENTION + "sublayer.queryNorm.{p}")
                .add(LAYER + "self_attn.k_norm.{p}", ATTENTION + "sublayer.keyNorm.{p}");
    }

    static void nameGated(TensorNames.Builder names, String from, String to) {
        names.add(from + "gate_proj.{p}", to + "gate.{p}")
                .add(from + "up_proj.{p}", to + "up.{p}")
                .add(from + "down_proj.{p}", to + "down.{p}");
    }

    private TensorNames names() {
        TensorNames.Builder names =
                TensorNames.builder()
                        .ignore(LAYER + "self_attn.rotary_emb.inv_freq")
                        .add("model.embed_tokens.weight", EMBEDDING)
                        .add("model.norm.{p}", "norm.{p}")
                        .add("lm_head.weight", HEAD);
        nameNorms(names);
        nameAttention(names);
        nameFeedForward(names);
        return names.build();
    }

    private CausalLanguageModel newBlock(boolean untied) {
        List<RotaryEmbedding> rotaries = rotaries();
        List<Block> layers = new ArrayList<>();
        for (int i = 0; i < config.layers(); i++) {
            MultiHeadAttentionBuilder attention = attention(i).optRotary(rotaries.get(rotaryOf(i)));
            if (window(i) > 0) {
                attention.optWindow(window(i) - 1L, -1);
            }
            layers.add(DecoderLayer.of(residual(attention.build()), residual(feedForward(i))));
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
                .endTokens(json.tokens("eos_token_id", Set.of()))
                .names(names())
                .head(config.tiedHead(), EMBEDDING, HEAD)
                .config(config)
                .build(this::newBlock);
    }
}
