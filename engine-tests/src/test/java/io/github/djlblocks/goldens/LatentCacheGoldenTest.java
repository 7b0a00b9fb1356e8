package io.github.djlblocks.goldens;

import ai.djl.MalformedModelException;
import ai.djl.nn.Block;
import io.github.djlblocks.attention.MultiHeadLatentAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.feedforward.GatedFeedForward;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.feedforward.Router;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.position.RotaryEmbedding;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** DeepSeek-V3 with the latent vectors in the cache, in place of keys and values of all heads. */
final class LatentCacheGoldenTest extends ComposedDecoderGoldens {

    private static final int TOKENS = 23;

    private final int e = integer("hidden_size");
    private final int h = integer("num_attention_heads");
    private final int plain = integer("qk_nope_head_dim");
    private final int turned = integer("qk_rope_head_dim");
    private final int v = integer("v_head_dim");
    private final int queryRank = integer("q_lora_rank");
    private final int rank = integer("kv_lora_rank");

    LatentCacheGoldenTest() throws IOException, MalformedModelException {
        super("deepseek_v3");
    }

    /** Its cache holds other numbers than that of the reference. */
    @Override
    boolean keepsCache() {
        return false;
    }

    @Override
    CausalLanguageModel newModel() {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder()
                        .setHeadDim(turned)
                        .optTheta(number("rope_theta"))
                        .optLayout(RotaryLayout.INTERLEAVED)
                        .build();
        List<DecoderLayer> layers = new ArrayList<>();
        for (int i = 0; i < integer("num_hidden_layers"); i++) {
            boolean dense = i < integer("first_k_dense_replace");
            Block feedForward = dense ? gated(integer("intermediate_size")) : mixture();
            layers.add(
                    DecoderLayer.of(
                            Residual.pre(norm(e), attention(rotary)),
                            Residual.pre(norm(e), feedForward)));
        }
        return CausalLanguageModel.builder()
                .setEmbedding(TokenEmbedding.of(integer("vocab_size"), e))
                .setLayers(layers)
                .setContextLength(integer("max_position_embeddings"))
                .optNorm(norm(e))
                .optRotary(rotary)
                .optHead(Linear.withoutBias(e, integer("vocab_size")))
                .build();
    }

    private RmsNorm norm(int channels) {
        return RmsNorm.builder().setChannels(channels).optEpsilon(number("rms_norm_eps")).build();
    }

    private MultiHeadLatentAttention attention(RotaryEmbedding rotary) {
        return MultiHeadLatentAttention.builder()
                .setLatentQuery(
                        Linear.withoutBias(e, queryRank),
                        norm(queryRank),
                        Linear.withoutBias(queryRank, h * (plain + turned)))
                .setLatent(
                        Linear.withoutBias(e, rank + turned),
                        norm(rank),
                        Linear.withoutBias(rank, h * (plain + v)))
                .setOutput(Linear.withoutBias(h * v, e))
                .setHeads(h)
                .setRotary(rotary)
                .optCausal(true)
                .optLatentCache(true)
                .build();
    }

    private MixtureOfExperts mixture() {
        List<GatedFeedForward> experts = new ArrayList<>();
        for (int i = 0; i < integer("n_routed_experts"); i++) {
            experts.add(gated(integer("moe_intermediate_size")));
        }
        Router router =
                Router.builder()
                        .setHiddenSize(e)
                        .setExperts(experts.size())
                        .setExpertsPerToken(integer("num_experts_per_tok"))
                        .optScore(Score.SIGMOID)
                        .optCorrectionBias(true)
                        .optScale(number("routed_scaling_factor"))
                        .optGroups(integer("n_group"), integer("topk_group"), GroupScore.TOP_TWO)
                        .build();
        return MixtureOfExperts.builder()
                .setRouter(router)
                .setExperts(experts)
                .optSharedExpert(
                        gated(integer("n_shared_experts") * integer("moe_intermediate_size")))
                .build();
    }

    private GatedFeedForward gated(int inner) {
        return GatedFeedForward.of(
                Linear.withoutBias(e, inner),
                Linear.withoutBias(e, inner),
                Linear.withoutBias(inner, e));
    }

    @Override
    String tensor(String path) {
        if (path.startsWith("head.")) {
            return path.replace("head.", "lm_head.");
        }
        return "model."
                + path.replace("embedding.", "embed_tokens.")
                        .replace("attention.norm.", "input_layernorm.")
                        .replace("feedForward.norm.", "post_attention_layernorm.")
                        .replace("attention.sublayer.", "self_attn.")
                        .replace(".queryDown.", ".q_a_proj.")
                        .replace(".queryNorm.", ".q_a_layernorm.")
                        .replace(".queryUp.", ".q_b_proj.")
                        .replace(".latentDown.", ".kv_a_proj_with_mqa.")
                        .replace(".latentNorm.", ".kv_a_layernorm.")
                        .replace(".latentUp.", ".kv_b_proj.")
                        .replace(".output.", ".o_proj.")
                        .replace("feedForward.sublayer.", "mlp.")
                        .replaceAll("\\.(gate|up|down)\\.", ".$1_proj.")
                        .replace(".sharedExpert.", ".shared_experts.")
                        .replace(".router.correctionBias", ".gate.e_score_correction_bias")
                        .replace(".router.", ".gate.");
    }

    @Override
    long terms() {
        long queries = 2L * e + 2L * queryRank;
        long attention = queries + plain + turned + 2L * TOKENS + rank + (long) h * v;
        long mixture = 3L * e + integer("moe_intermediate_size") + integer("num_experts_per_tok");
        return integer("num_hidden_layers") * (attention + mixture) + 2L * e;
    }
}
