package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.internal.ConfigReader;

/** {@code model_type: mixtral}: every token is served by two of eight experts (2401.04088). */
final class MixtralFamily extends LlamaLike {

    static final String MODEL_TYPE = "mixtral";

    /** {@code MixtralConfig}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336,
             "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
             "hidden_act": "silu", "max_position_embeddings": 131072, "rms_norm_eps": 1e-5,
             "rope_theta": 1000000, "sliding_window": null, "tie_word_embeddings": false,
             "num_experts_per_tok": 2, "num_local_experts": 8, "eos_token_id": 2}
            """;

    private final int window;
    private final ExpertSizes experts;

    private MixtralFamily(ConfigReader given) {
        super(given, DEFAULTS);
        window = json().integer("sliding_window", 0);
        experts =
                new ExpertSizes(
                        json().integer("num_local_experts"),
                        json().integer("num_experts_per_tok"),
                        config().feedForwardSize(),
                        true);
    }

    static ModelDescription describe(ConfigReader json) {
        return new MixtralFamily(json).describe();
    }

    @Override
    int window(int layer) {
        return window;
    }

    @Override
    Block feedForward(int layer) {
        return experts.mixture(this).build();
    }

    @Override
    void nameFeedForward(TensorNames.Builder names) {
        String from = LAYER + "block_sparse_moe.";
        String to = FEED_FORWARD + "sublayer.";
        names.add(from + "gate.{p}", to + "router.{p}")
                .add(from + "experts.{j}.w1.{p}", to + "experts.{j}.gate.{p}")
                .add(from + "experts.{j}.w3.{p}", to + "experts.{j}.up.{p}")
                .add(from + "experts.{j}.w2.{p}", to + "experts.{j}.down.{p}");
    }
}
