package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.norm.LayerNorm;

/**
 * {@code model_type: starcoder2}: layer norms, biases and a feed-forward block without a gate
 * (arXiv 2402.19173).
 */
final class Starcoder2Family extends LlamaLike {

    static final String MODEL_TYPE = "starcoder2";

    /** {@code Starcoder2Config}. */
    private static final String DEFAULTS =
            """
            {"vocab_size": 49152, "hidden_size": 3072, "intermediate_size": 12288,
             "num_hidden_layers": 30, "num_attention_heads": 24, "num_key_value_heads": 2,
             "hidden_act": "gelu_pytorch_tanh", "max_position_embeddings": 4096,
             "norm_epsilon": 1e-5, "rope_theta": 10000, "sliding_window": null,
             "use_bias": true, "tie_word_embeddings": true, "eos_token_id": 50256}
            """;

    private final int window;

    private Starcoder2Family(ConfigReader given) {
        super(given, DEFAULTS);
        window = json().integer("sliding_window", 0);
    }

    static ModelDescription describe(ConfigReader json) {
        return new Starcoder2Family(json).describe();
    }

    @Override
    String epsilonField() {
        return "norm_epsilon";
    }

    @Override
    boolean attentionBias() {
        return json().flag("use_bias", false);
    }

    @Override
    boolean feedForwardBias() {
        return json().flag("use_bias", false);
    }

    @Override
    int window(int layer) {
        return window;
    }

    @Override
    Block norm(int channels) {
        return LayerNorm.builder().setChannels(channels).optEpsilon(config().normEpsilon()).build();
    }

    @Override
    Block feedForward(int layer) {
        int e = config().hiddenSize();
        int f = config().feedForwardSize();
        return FeedForward.of(linear(e, f), linear(f, e), config().activation());
    }

    private Linear linear(int inputs, int outputs) {
        return config().feedForwardBias()
                ? Linear.withBias(inputs, outputs)
                : Linear.withoutBias(inputs, outputs);
    }

    @Override
    void nameFeedForward(TensorNames.Builder names) {
        String to = FEED_FORWARD + "sublayer.";
        names.add(LAYER + "mlp.c_fc.{p}", to + "up.{p}")
                .add(LAYER + "mlp.c_proj.{p}", to + "down.{p}");
    }
}
