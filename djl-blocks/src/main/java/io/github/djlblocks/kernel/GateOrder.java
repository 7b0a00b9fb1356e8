package io.github.djlblocks.kernel;

/** Where gate and value lie in the 2 F channels of one projection for both. */
public enum GateOrder {
    /** The gate's F channels, then the value's: Phi-3, GLM. */
    GATE_FIRST,
    /** The value's F channels, then the gate's: {@code torch.nn.GLU}, x-transformers. */
    VALUE_FIRST,
    /** Gate and value by turns: channels 2 i and 2 i + 1, as in gpt-oss. */
    INTERLEAVED
}
