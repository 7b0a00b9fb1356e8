package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.ActivationKind;
import io.github.djlblocks.kernel.GateSpec;
import java.util.Map;

/** Prints activations. */
final class ActivationEmitters {

    private ActivationEmitters() {}

    static void register(Map<String, Emitter> all) {
        all.put("activation", ActivationEmitters::activation);
        all.put("gatedActivation", (node, out) -> gated("gated_activation", node, out));
        all.put("fusedGatedActivation", (node, out) -> gated("fused_gated_activation", node, out));
        all.put("parametricRelu", Emitter.plain("parametric_relu"));
        all.put("swish", Emitter.plain("swish"));
        all.put("softmax", Emitters.expression("torch.softmax({0}, {1})"));
        all.put("logSoftmax", Emitters.expression("torch.log_softmax({0}, {1})"));
    }

    private static void activation(Node node, ScriptWriter out) {
        ActivationFunction function = node.operand(1, ActivationFunction.class);
        Value x = node.operand(0, Value.class);
        out.assign(node.result(), over(x, function, out));
    }

    /** An activation, over x where nobody else wants it. */
    private static String over(Value x, ActivationFunction function, ScriptWriter out) {
        return out.call(
                out.isSpare(x) ? "activation_over" : "activation",
                x,
                kind(function),
                function.alpha(),
                beta(function));
    }

    private static void gated(String function, Node node, ScriptWriter out) {
        GateSpec spec = node.operand(2, GateSpec.class);
        ActivationFunction activation = spec.function();
        boolean overwrites =
                out.tensors().isOfThisProcessor() && activation.kind() != ActivationKind.IDENTITY;
        if (function.equals("gated_activation")
                && overwrites
                && out.isSpare(node.operand(0, Value.class))
                && !spec.isLimited()
                && spec.upOffset() == 0) {
            String gate = over(node.operand(0, Value.class), activation, out);
            String up = out.text(node.operands().get(1));
            out.assign(node.result(), "torch.mul_(" + gate + ", " + up + ")");
            return;
        }
        out.assign(
                node.result(),
                out.call(
                        function,
                        node.operands().get(0),
                        node.operands().get(1),
                        kind(activation),
                        activation.alpha(),
                        beta(activation),
                        spec.isLimited() ? spec.limit() : null,
                        spec.upOffset(),
                        overwrites));
    }

    /** A softplus that becomes the identity somewhere is another function of the library. */
    private static String kind(ActivationFunction function) {
        boolean bounded =
                function.kind() == ActivationKind.SOFTPLUS && !Double.isInfinite(function.beta());
        return bounded ? "SOFTPLUS_TO" : function.kind().name();
    }

    private static double beta(ActivationFunction function) {
        return Double.isInfinite(function.beta()) ? 0 : function.beta();
    }
}
