package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Node;

/** Prints linear maps. */
final class LinearEmitter {

    private LinearEmitter() {}

    static void emit(Node node, ScriptWriter out) {
        out.assign(
                node.result(),
                "torch.linear("
                        + out.text(node.operands().get(0))
                        + ", "
                        + out.text(node.operands().get(1))
                        + ", "
                        + out.text(node.operands().get(2))
                        + ")");
    }
}
