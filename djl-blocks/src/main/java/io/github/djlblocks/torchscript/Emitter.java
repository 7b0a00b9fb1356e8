package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Node;

/** Prints the calls of one primitive. */
@FunctionalInterface
interface Emitter {

    /**
     * Prints a call.
     *
     * @param node the call
     * @param out where its results get names
     */
    void emit(Node node, ScriptWriter out);

    /** A primitive whose function takes its operands as they are. */
    static Emitter plain(String function) {
        return (node, out) ->
                out.assign(node.results(), out.call(function, node.operands().toArray()));
    }
}
