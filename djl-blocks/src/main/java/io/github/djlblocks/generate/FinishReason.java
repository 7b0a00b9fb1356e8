package io.github.djlblocks.generate;

/** Why a sequence is complete. */
public enum FinishReason {
    /** It produced an end token. */
    END_TOKEN,
    /** It has as many new tokens as were asked for. */
    MAX_NEW_TOKENS,
    /** It fills the context of the model. */
    CONTEXT_FULL
}
