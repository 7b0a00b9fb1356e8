package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadLatentAttention;
import io.github.djlblocks.attention.MultiHeadLatentAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import io.github.djlblocks.position.YarnScaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * {@code model_type: deepseek_v3} (arXiv 2412.19437) and {@code deepseek_v2} (2405.04434): latent
 * attention; first dense layers, then experts in groups and shared ones. Layers behind the last,
 * which predict further tokens in training, are left out.
 */
final class DeepseekFamily extends DecoderFamily {

    static final String V3 = "deepseek_v3";
    static final String V2 = "deepseek_v2";

    /** The reference leaves the norms of latent vectors at the default of their class. */
    private static final double LATENT_EPSILON = 1e-6;

    private static final String LAYER = "model.layers.{i}.";

    private final DeepseekConfig config;
    private final boolean isV3;
    private final RotaryEmbedding rotary;
    private final double scale;
    private final ActivationFunction activation;
    private final boolean normalizes;
    private final String method;

    private DeepseekFamily(
            ConfigReader json, DeepseekConfig config, boolean isV3, RotaryConfig rotaryConfig) {
        super(json, config.sizes());
        this.config = config;
        this.isV3 = isV3;
        RotaryLayout layout =
                json.flag("rope_interleave", true)
                        ? RotaryLayout.INTERLEAVED
                        : RotaryLayout.HALF_SPLIT;
        rotary =
                RotaryEmbedding.of(
                        config.turned(),
                        rotaryConfig.spec(
                                config.turned(), layout, json.number("rope_theta", 10000), 1));
        scale = scale(json, config);
        activation = activation(json, "hidden_act", "silu");
        normalizes = json.flag("norm_topk_prob", isV3);
        method = method(json, isV3);
        requireSame(json, "num_key_value_heads", config.sizes().heads());
        requireSame(json, "head_dim", config.turned());
        requireSame(json, "qk_head_dim", config.plain() + config.turned());
    }

    static ModelDescription describeV3(ConfigReader json) {
        RotaryConfig rotary = RotaryConfig.of(json, json.integer("max_position_embeddings", 4096));
        DeepseekConfig config = DeepseekConfig.v3(json, rotary.contextLength());
        return new DeepseekFamily(json, config, true, rotary).describe("ForCausalLM");
    }

    static ModelDescription describeV2(ConfigReader json) {
        RotaryConfig rotary = RotaryConfig.of(json, json.integer("max_position_embeddings", 2048));
        DeepseekConfig config = DeepseekConfig.v2(json, rotary.contextLength());
        return new DeepseekFamily(json, config, false, rotary).describe("ForCausalLM");
    }

    /** YaRN sharpens attention here by the scale, twice: once for queries, once for keys. */
    private static double scale(ConfigReader json, DeepseekConfig config) {
        double scale = 1 / Math.sqrt(config.plain() + config.turned());
        ConfigReader scaling =
                json.object(json.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        double all = scaling.number("mscale_all_dim", 0);
        if (all == 0) {
            return scale;
        }
        double sharper = YarnScaling.mscale(scaling.number("factor"), all);
        return scale * sharper * sharper;
    }

    private static String method(ConfigReader json, boolean isV3) {
        String method = json.text("topk_method", isV3 ? "noaux_tc" : "greedy");
        Set<String> known = isV3 ? Set.of("noaux_tc") : Set.of("greedy", "group_limited_greedy");
        if (!known.contains(method)) {
            throw json.unknown("topk_method", method, known);
        }
        json.refuseUnless("scoring_func", isV3 ? "\"sigmoid\"" : "\"softmax\"");
        return method;
    }

    private static void requireSame(ConfigReader json, String field, int expected) {
        json.refuseUnless(field, Integer.toString(expected));
    }

    @Override
    RmsNorm norm() {
        return norm(sizes().hidden(), config.epsilon());
    }

    private static RmsNorm norm(int channels, double epsilon) {
        return RmsNorm.builder().setChannels(channels).optEpsilon(epsilon).build();
    }

    @Override
    Block layer(int index) {
        Block feedForward = config.hasExperts(index) ? mixture() : gated(config.inner());
        return DecoderLayer.of(
                Residual.pre(norm(), attention()), Residual.pre(norm(), feedForward));
    }

    private MultiHeadLatentAttention attention() {
        int e = sizes().hidden();
        int heads = sizes().heads();
        int queries = heads * (config.plain() + config.turned());
        int rank = config.rank();
        boolean bias = config.attentionBias();
        MultiHeadLatentAttentionBuilder attention =
                MultiHeadLatentAttention.builder()
                        .setLatent(
                                linear(e, rank + config.turned(), bias),
                                norm(rank, LATENT_EPSILON),
                                Linear.withoutBias(rank, heads * (config.plain() + config.value())))
                        .setOutput(linear(heads * config.value(), e, bias))
                        .setHeads(heads)
                        .setRotary(rotary)
                        .optScale(scale)
                        .optCausal(true);
        int queryRank = config.queryRank();
        if (queryRank == 0) {
            return attention.setQuery(Linear.withoutBias(e, queries)).build();
        }
        return attention
                .setLatentQuery(
                        linear(e, queryRank, bias),
                        norm(queryRank, LATENT_EPSILON),
                        Linear.withoutBias(queryRank, queries))
                .build();
    }

    private MixtureOfExperts mixture() {
        List<GatedFeedForward> experts = new ArrayList<>();
        for (int i = 0; i < config.experts(); i++) {
            experts.add(gated(config.expertInner()));
        }
        MixtureOfExperts.Builder mixture =
                MixtureOfExperts.builder().setRouter(router()).setExperts(experts);
        if (config.sharedExperts() > 0) {
            mixture.optSharedExpert(
                    gated(Math.multiplyExact(config.sharedExperts(), config.expertInner())));
        }
        return mixture.build();
    }

    private Router router() {
        Router.Builder router =
                Router.builder()
                        .setHiddenSize(sizes().hidden())
                        .setExperts(config.experts())
                        .setExpertsPerToken(config.expertsPerToken())
                        .optNormalize(normalizes);
        if (isV3) {
            return router.optScore(Score.SIGMOID)
                    .optCorrectionBias(true)
                    .optScale(config.scale())
                    .optGroups(config.groups(), config.groupsChosen(), GroupScore.TOP_TWO)
                    .build();
        }
        if (method.equals("group_limited_greedy")) {
            router.optGroups(config.groups(), config.groupsChosen(), GroupScore.MAX);
        }
        // DeepSeek's own code: weights are normalised or scaled, not both.
        boolean isNormalized = normalizes && config.expertsPerToken() > 1;
        return router.optNormalize(isNormalized)
                .optScore(Score.SOFTMAX)
                .optScale(isNormalized ? 1 : config.scale())
                .build();
    }

    private GatedFeedForward gated(int inner) {
        int e = sizes().hidden();
        return GatedFeedForward.of(
                Linear.withoutBias(e, inner),
                Linear.withoutBias(e, inner),
                Linear.withoutBias(inner, e),
                activation);
    }

    @Override
    List<RotaryEmbedding> rotaries() {
        return List.of(rotary);
    }

    @Override
    TensorNames names() {
        String attention = "layers.{i}.attention.";
        String feedForward = "layers.{i}.feedForward.";
        String sublayer = feedForward + "sublayer.";
        TensorNames.Builder names =
                TensorNames.builder()
                        .ignore(LAYER + "self_attn.rotary_emb.inv_freq")
                        .add("model.embed_tokens.weight", EMBEDDING)
                        .add(LAYER + "input_layernorm.weight", attention + "norm.weight")
                        .add(LAYER + "self_attn.q_proj.{p}", attention + "sublayer.query.{p}")
                        .add(LAYER + "self_attn.q_a_proj.{p}", attention + "sublayer.queryDown.{p}")
                        .add(
                                LAYER + "self_attn.q_a_layernorm.{p}",
                                attention + "sublayer.queryNorm.{p}")
                        .add(LAYER + "self_attn.q_b_proj.{p}", attention + "sublayer.queryUp.{p}")
                        .add(
                                LAYER + "self_attn.kv_a_proj_with_mqa.{p}",
                                attention + "sublayer.latentDown.{p}")
                        .add(
                                LAYER + "self_attn.kv_a_layernorm.{p}",
                                attention + "sublayer.latentNorm.{p}")
                        .add(LAYER + "self_attn.kv_b_proj.{p}", attention + "sublayer.latentUp.{p}")
                        .add(LAYER + "self_attn.o_proj.{p}", attention + "sublayer.output.{p}")
                        .add(LAYER + "post_attention_layernorm.weight", feedForward + "norm.weight")
                        .add(LAYER + "mlp.gate.weight", sublayer + "router.weight")
                        .add(
                                LAYER + "mlp.gate.e_score_correction_bias",
                                sublayer + "router.correctionBias");
        addGated(names, LAYER + "mlp.", sublayer);
        addGated(names, LAYER + "mlp.experts.{j}.", sublayer + "experts.{j}.");
        addGated(names, LAYER + "mlp.shared_experts.", sublayer + "sharedExpert.");
        ignoreFurtherLayers(names);
        return names.add("model.norm.weight", "norm.weight").add("lm_head.weight", HEAD).build();
    }

    private static void addGated(TensorNames.Builder names, String tensor, String path) {
        for (String map : new String[] {"gate", "up", "down"}) {
            names.add(tensor + map + "_proj.weight", path + map + ".weight");
        }
    }

    private void ignoreFurtherLayers(TensorNames.Builder names) {
        int further = json().count("num_nextn_predict_layers", 0);
        for (int i = sizes().layers(); i < sizes().layers() + further; i++) {
            StringBuilder pattern = new StringBuilder("model.layers." + i);
            // mlp.experts.0.gate_proj.weight is the longest.
            for (String part : new String[] {"a", "b", "c", "d", "e"}) {
                names.ignore(pattern.append(".{").append(part).append('}').toString());
            }
        }
    }
}
