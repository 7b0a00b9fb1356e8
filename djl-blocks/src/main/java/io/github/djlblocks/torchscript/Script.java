package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A graph as the text of a TorchScript class with one method, {@code run(x, n, w, p)}: arrays of
 * the call, numbers of the call, tensors that are always the same, and packed weights.
 */
final class Script {

    static final String CLASS = "__torch__.Compiled";

    static final String PACKED = "__torch__.torch.classes.quantized.LinearPackedParamsBase";

    private final List<String> methods;

    private Script(List<String> methods) {
        this.methods = List.copyOf(methods);
    }

    /**
     * Prints a graph.
     *
     * @param graph the graph
     * @param types what FLOAT32 becomes
     * @param tensors where it finds its tensors
     * @param raw inputs that are taken as they are, as buffers written in place
     */
    static Script of(Graph graph, ScriptTypes types, ScriptTensors tensors, Set<Value> raw) {
        ScriptWriter out = new ScriptWriter(types, tensors);
        for (int i = 0; i < graph.inputs().size(); i++) {
            Value input = graph.inputs().get(i);
            String given = "x[" + i + "]";
            boolean converted = types.converts(input.dataType()) && !raw.contains(input);
            out.assign(
                    input, converted ? "torch.to(" + given + ", " + types.single() + ")" : given);
        }
        for (int i = 0; i < graph.numbers().size(); i++) {
            out.assign(graph.numbers().get(i), "n[" + i + "]");
        }
        Emitters.emit(graph, out);
        List<String> results = new ArrayList<>();
        for (Value output : graph.outputs()) {
            String name = out.text(output);
            results.add(types.converts(output.dataType()) ? "torch.to(" + name + ", 6)" : name);
        }
        out.line("return [" + String.join(", ", results) + "]");
        String head =
                "def run(self: "
                        + CLASS
                        + ", x: List[Tensor], n: List[int], w: List[Tensor], p: List["
                        + PACKED
                        + "]) -> List[Tensor]:\n";
        List<String> methods = new ArrayList<>();
        methods.add(head + out.lines());
        methods.addAll(ScriptLibrary.KERNELS.methods(out.functions(), CLASS));
        return new Script(methods);
    }

    /** The method and those it calls. */
    List<String> methods() {
        return methods;
    }
}
