package io.github.djlblocks.torchscript;

/** How a block is compiled. Immutable; the {@code with} methods return changed copies. */
public final class CompileOptions {

    private static final CompileOptions DEFAULT = new CompileOptions(ScriptTypes.FLOAT32, false);

    private final ScriptTypes types;
    private final boolean demanded;

    private CompileOptions(ScriptTypes types, boolean demanded) {
        this.types = types;
        this.demanded = demanded;
    }

    /**
     * Returns the defaults: weights as they are, and what cannot be compiled runs block by block.
     *
     * @return the defaults
     */
    public static CompileOptions defaults() {
        return DEFAULT;
    }

    /**
     * Returns options under which a pass that cannot run compiled is an error.
     *
     * @return a changed copy
     */
    public CompileOptions demanded() {
        return new CompileOptions(types, true);
    }

    ScriptTypes types() {
        return types;
    }

    boolean isDemanded() {
        return demanded;
    }
}
