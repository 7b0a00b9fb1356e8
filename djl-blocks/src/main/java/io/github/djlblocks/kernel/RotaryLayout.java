package io.github.djlblocks.kernel;

/** Which channels rotary embedding turns together, among the first {@code r} of a head. */
public enum RotaryLayout {
    /** Channel {@code i} with channel {@code i + r / 2}: GPT-NeoX, Hugging Face Llama. */
    HALF_SPLIT,
    /** Channel {@code 2 i} with channel {@code 2 i + 1}: the paper, GPT-J, Meta's Llama. */
    INTERLEAVED
}
