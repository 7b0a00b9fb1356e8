package io.github.djlblocks.template;

/** A part of a template that prints or sets something. */
@FunctionalInterface
interface Statement {

    /** What happens after a statement. */
    enum Flow {
        /** The next one. */
        NEXT,
        /** The next round of the loop. */
        CONTINUE,
        /** The end of the loop. */
        BREAK
    }

    Flow run(Scope scope, StringBuilder out);
}
