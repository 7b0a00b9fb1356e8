package io.github.djlblocks.generate;

/** When a beam search ends that has as many finished beams as it searches. */
public enum EarlyStopping {
    /** At once: Hugging Face {@code early_stopping=True}. */
    WHEN_FULL,
    /**
     * When the best running beam, were it to end now, would not beat the worst finished one: {@code
     * early_stopping=False}.
     */
    HEURISTIC,
    /**
     * When no running beam can beat the worst finished one at any length: {@code
     * early_stopping="never"}.
     */
    NEVER
}
