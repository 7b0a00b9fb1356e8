package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;

/** {@code model_type: llama}: Llama 1 to 3.x and everything that has its architecture. */
final class LlamaFamily {

    static final String MODEL_TYPE = "llama";

    private LlamaFamily() {}

    static ModelDescription describe(ConfigReader json) {
        return new LlamaLike(json, LlamaLike.Defaults.LLAMA).describe();
    }
}
