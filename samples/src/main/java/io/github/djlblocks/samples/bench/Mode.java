package io.github.djlblocks.samples.bench;

/** What one step of a contender does. */
public enum Mode implements Named {
    /** Reads a prompt into an empty cache and computes the logits of its last token. */
    PREFILL,
    /** Reads one token after those in the cache and computes its logits. */
    DECODE,
    /** Encodes a batch. */
    ENCODE;

    /**
     * Finds a mode by its name.
     *
     * @param name {@code prefill}, {@code decode} or {@code encode}
     * @return the mode
     * @throws IllegalArgumentException if there is none of this name
     */
    public static Mode named(String name) {
        return Named.find("mode", name, values());
    }
}
