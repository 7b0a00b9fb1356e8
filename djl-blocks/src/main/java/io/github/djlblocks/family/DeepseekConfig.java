package io.github.djlblocks.family;

import io.github.djlblocks.family.DecoderFamily.Sizes;
import io.github.djlblocks.internal.ConfigReader;
import java.util.Set;

/**
 * The sizes of latent attention and of the mixture.
 *
 * @param queryRank 0 for queries without a latent vector of their own
 * @param plain channels of a head that are not turned
 * @param turned channels of a head that are
 * @param experts 0 for none
 * @param groups 1 for none
 */
record DeepseekConfig(
        Sizes sizes,
        int inner,
        double epsilon,
        int queryRank,
        int rank,
        int plain,
        int turned,
        int value,
        boolean attentionBias,
        int experts,
        int expertInner,
        int sharedExperts,
        int expertsPerToken,
        int groups,
        int groupsChosen,
        int denseLayers,
        int mixtureEvery,
        double scale) {

    private static final String V3 =
            """
            {"vocab_size": 129280, "hidden_size": 7168, "num_hidden_layers": 61,
             "num_attention_heads": 128, "eos_token_id": 1, "intermediate_size": 18432,
             "n_routed_experts": 256, "moe_intermediate_size": 2048, "n_shared_experts": 1,
             "num_experts_per_tok": 8, "n_group": 8, "topk_group": 4,
             "first_k_dense_replace": 3, "routed_scaling_factor": 2.5}
            """;

    private static final String V2 =
            """
            {"vocab_size": 32000, "hidden_size": 4096, "num_hidden_layers": 32,
             "num_attention_heads": 32, "eos_token_id": 2, "intermediate_size": 11008,
             "n_routed_experts": 64, "moe_intermediate_size": 1407, "n_shared_experts": 2,
             "n_group": 1, "topk_group": 1, "first_k_dense_replace": 0,
             "routed_scaling_factor": 1}
            """;

    /** With the defaults of {@code DeepseekV3Config}. */
    static DeepseekConfig v3(ConfigReader json, int contextLength) {
        return read(json.withDefaults(V3), contextLength);
    }

    /** With the defaults of {@code DeepseekV2Config}, which has none for the experts of a token. */
    static DeepseekConfig v2(ConfigReader json, int contextLength) {
        return read(json.withDefaults(V2), contextLength);
    }

    private static DeepseekConfig read(ConfigReader json, int contextLength) {
        Sizes sizes =
                new Sizes(
                        json.integer("vocab_size"),
                        json.integer("hidden_size"),
                        json.integer("num_hidden_layers"),
                        json.integer("num_attention_heads"),
                        contextLength,
                        json.flag("tie_word_embeddings", false),
                        json.tokens("eos_token_id", Set.of()));
        int experts = json.count("n_routed_experts", 0);
        return new DeepseekConfig(
                sizes,
                json.integer("intermediate_size"),
                json.number("rms_norm_eps", 1e-6),
                json.isNull("q_lora_rank") ? 0 : json.integer("q_lora_rank", 1536),
                json.integer("kv_lora_rank", 512),
                json.integer("qk_nope_head_dim", 128),
                json.integer("qk_rope_head_dim", 64),
                json.integer("v_head_dim", 128),
                json.flag("attention_bias", false),
                experts,
                json.integer("moe_intermediate_size"),
                json.count("n_shared_experts", 0),
                experts == 0 ? 1 : json.integer("num_experts_per_tok"),
                json.integer("n_group", 1),
                json.integer("topk_group", 1),
                json.count("first_k_dense_replace", 0),
                json.integer("moe_layer_freq", 1),
                json.number("routed_scaling_factor", 1));
    }

    /** Whether a layer has experts; the others have one dense block. */
    boolean hasExperts(int layer) {
        return experts > 0 && layer >= denseLayers && layer % mixtureEvery == 0;
    }
}
