package io.github.djlblocks.kernel;

/** In which order a fused projection of queries, keys and values gives its heads. */
public enum FusedHeadLayout {
    /** All H query heads, then all K key heads, then all K value heads: GPT-2, Phi-3. */
    QUERY_KEY_VALUE,
    /**
     * For each key/value head its H / K query heads, the key head, the value head: GPT-NeoX and
     * BLOOM (where H / K is 1), Falcon.
     */
    GROUPED
}
