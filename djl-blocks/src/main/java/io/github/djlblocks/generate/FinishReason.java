package io.github.djlblocks.generate;

/** Why a sequence is complete. */
public enum FinishReason {
    /** It produced an end token. */
    END_TOKEN,
    /** It has as many tokens as were asked for. */
    MAX_NEW_TOKENS,
    /** It fills the context of the model. */
    CONTEXT_FULL,
    /** It ends in a stop sequence, or a {@link StopCondition} said so. */
    STOP_SEQUENCE,
    /** Its stream was closed. */
    CANCELLED
}
