package io.github.djlblocks.samples.bench;

/** The ways to run a model that are compared. */
public enum ContenderKind implements Named {
    /** The matrix products of the model and nothing else: the lower bound. */
    PRODUCTS("matrix products"),
    /** The model written in TorchScript by hand. */
    SCRIPT("TorchScript by hand"),
    /** The model of this library, compiled to one native call. */
    COMPILED("compiled"),
    /** The model of this library, operation by operation. */
    PORTABLE("portable"),
    /** The stack of DJL's own transformer blocks, which is not quite the same model. */
    DJL("DJL's blocks");

    private final String title;

    ContenderKind(String title) {
        this.title = title;
    }

    /** What it is, for readers. */
    String title() {
        return title;
    }

    /**
     * Finds a contender by its name.
     *
     * @param name {@code products}, {@code script}, {@code compiled}, {@code portable} or {@code
     *     djl}
     * @return the kind
     * @throws IllegalArgumentException if there is none of this name
     */
    public static ContenderKind named(String name) {
        return Named.find("contender", name, values());
    }
}
