package io.github.djlblocks.family;

import ai.djl.nn.Block;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.MixtureOfExperts;
import io.github.djlblocks.internal.ConfigReader;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What Qwen 2 and 3 have in common: windows of some layers, and experts in some. */
abstract class QwenFamily extends LlamaLike {

    /** What configuration classes of both have, unless they say otherwise. */
    private static final String COMMON =
            """
            {"vocab_size": 151936, "hidden_act": "silu", "max_position_embeddings": 32768,
             "rms_norm_eps": 1e-6, "rope_theta": 10000, "tie_word_embeddings": false,
             "use_sliding_window": false, "sliding_window": 4096, "max_window_layers": 28,
            """;

    /** The sizes of {@code Qwen2Config}, which are those of {@code Qwen3Config}, too. */
    static final String DENSE =
            COMMON
                    + """
                     "hidden_size": 4096, "intermediate_size": 22016, "num_hidden_layers": 32,
                     "num_attention_heads": 32, "num_key_value_heads": 32
                    """;

    /** What both configuration classes of models with experts have. */
    static final String SPARSE =
            COMMON
                    + """
                     "hidden_size": 2048, "num_hidden_layers": 24, "decoder_sparse_step": 1,
                     "norm_topk_prob": false, "mlp_only_layers": null,
                    """;

    private final LayerTypes types;
    private final @Nullable ExpertSizes experts;
    private final int sharedWidth;
    private final Set<Integer> denseLayers = new HashSet<>();

    QwenFamily(ConfigReader given, String defaults) {
        super(given, defaults);
        boolean sparse = json().has("decoder_sparse_step");
        types = readTypes(sparse);
        experts = sparse ? readExperts() : null;
        sharedWidth = sparse ? json().integer("shared_expert_intermediate_size", 0) : 0;
    }

    /**
     * From transformers 4.53 on {@code layer_types} is written. Before, a model with a window ran
     * it in every layer, but for flash attention, which left out the first max_window_layers; files
     * that do not say who wrote them are read as documented there: those are left out.
     */
    private LayerTypes readTypes(boolean sparse) {
        boolean used = json().flag("use_sliding_window", false);
        boolean windows = json().has("sliding_window") && used;
        int first = sparse || isBeforeLayerTypes() ? 0 : (int) json().number("max_window_layers");
        return LayerTypes.of(json(), config().layers(), layer -> windows && layer >= first);
    }

    private boolean isBeforeLayerTypes() {
        String[] version = json().text("transformers_version", "").split("\\.", 3);
        return version.length > 1
                && version[0].equals("4")
                && version[1].matches("\\d{1,2}")
                && Integer.parseInt(version[1]) < 53;
    }

    private @Nullable ExpertSizes readExperts() {
        // Transformers 5 has Mixtral's name.
        String field = json().has("num_local_experts") ? "num_local_experts" : "num_experts";
        if (json().number(field) == 0) {
            return null;
        }
        int step = json().integer("decoder_sparse_step");
        for (int i = 0; i < config().layers(); i++) {
            if ((i + 1) % step != 0) {
                denseLayers.add(i);
            }
        }
        if (json().has("mlp_only_layers")) {
            json().numbers("mlp_only_layers").forEach(layer -> denseLayers.add(layer.intValue()));
        }
        return new ExpertSizes(
                json().integer(field),
                json().integer("num_experts_per_tok"),
                json().integer("moe_intermediate_size"),
                json().flag("norm_topk_prob", false));
    }

    @Override
    final int window(int layer) {
        return types.window(layer);
    }

    @Override
    final Block feedForward(int layer) {
        if (experts == null || denseLayers.contains(layer)) {
            return super.feedForward(layer);
        }
        MixtureOfExperts.Builder mixture = experts.mixture(this);
        if (sharedWidth > 0) {
            mixture.optSharedExpert(feedForwardOf(sharedWidth))
                    .optSharedGate(Linear.withoutBias(config().hiddenSize(), 1));
        }
        return mixture.build();
    }

    @Override
    final void nameFeedForward(TensorNames.Builder names) {
        super.nameFeedForward(names);
        String from = LAYER + "mlp.";
        String to = FEED_FORWARD + "sublayer.";
        names.add(from + "gate.{p}", to + "router.{p}")
                .add(from + "shared_expert_gate.{p}", to + "sharedGate.{p}");
        nameGated(names, from + "experts.{j}.", to + "experts.{j}.");
        nameGated(names, from + "shared_expert.", to + "sharedExpert.");
    }
}
