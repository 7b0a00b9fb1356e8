package io.github.djlblocks.torchscript;

/** The oldest PyTorch that an exported file must load in. */
public enum ExportTarget {

    /**
     * PyTorch 1.13 and all later ones. Attention is a product, a softmax and a product, and holds
     * its scores, (B, heads, S, T), in memory.
     */
    PYTORCH_1_13,

    /**
     * PyTorch 2.4 and all later ones: {@code scaled_dot_product_attention} and {@code rms_norm} of
     * the engine, which are faster on long sequences and hold no scores.
     */
    PYTORCH_2_4;

    ScriptLibrary library() {
        return this == PYTORCH_1_13 ? ScriptLibrary.COMPATIBLE : ScriptLibrary.FILES;
    }

    boolean hasRmsNorm() {
        return this != PYTORCH_1_13;
    }
}
