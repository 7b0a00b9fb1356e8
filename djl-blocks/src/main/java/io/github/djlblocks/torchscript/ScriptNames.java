package io.github.djlblocks.torchscript;

/** How the text of a graph refers to what lies outside of it: tensors and functions. */
interface ScriptNames {

    /** Those of a method that is given its tensors in a list and has the functions beside it. */
    ScriptNames OF_RUN =
            new ScriptNames() {
                @Override
                public String tensor(Object tensor, int index, ScriptWriter out) {
                    return "w[" + index + "]";
                }

                @Override
                public String function(String name) {
                    return "self." + name;
                }

                @Override
                public boolean hasRmsNorm() {
                    return true;
                }
            };

    /**
     * Returns an expression for a tensor that is always the same.
     *
     * @param tensor a parameter ({@link io.github.djlblocks.graph.Value}) or {@link
     *     ScriptWriter.Numbers}
     * @param index the how manieth of the graph it is, from 0
     * @param out the text so far
     */
    String tensor(Object tensor, int index, ScriptWriter out);

    /** Returns what calls a function of the library. */
    String function(String name);

    /** Says whether {@code torch.rms_norm} is there: PyTorch has it from 2.4 on. */
    boolean hasRmsNorm();
}
