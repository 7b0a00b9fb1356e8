package io.github.djlblocks.family;

import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.internal.ConfigReader;
import java.util.Set;

/** {@code model_type: mistral}: Llama whose tokens see a window (arXiv 2310.06825). */
final class MistralFamily extends LlamaLike {

    static final String MODEL_TYPE = "mistral";

    private static final Defaults DEFAULTS =
            new Defaults(
                    32000,
                    4096,
                    14336,
                    32,
                    32,
                    8,
                    0,
                    131072,
                    1e-6,
                    10000,
                    "silu",
                    false,
                    Set.of(2L));

    /** Tokens a token sees, itself one of them; 0 for all. */
    private final int window;

    private MistralFamily(ConfigReader json) {
        super(json, DEFAULTS);
        // Absent is the default of the class; null is none.
        window = json.isNull("sliding_window") ? 0 : json.integer("sliding_window", 4096);
    }

    static ModelDescription describe(ConfigReader json) {
        return new MistralFamily(json).describe();
    }

    @Override
    MultiHeadAttentionBuilder attention(int layer) {
        MultiHeadAttentionBuilder attention = super.attention(layer);
        return window == 0 ? attention : attention.optWindow(window - 1L, -1);
    }
}
