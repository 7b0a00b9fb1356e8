package io.github.djlblocks.torchscript;

import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A graph as the text of a TorchScript class with one method, {@code run(x, n, w)}: arrays of the
 * call, numbers of the call, and the tensors that are always the same.
 */
final class Script {

    static final String CLASS = "__torch__.Compiled";

    private final List<String> methods;
    private final List<Object> tensors;

    private Script(List<String> methods, List<Object> tensors) {
        this.methods = List.copyOf(methods);
        this.tensors = List.copyOf(tensors);
    }

    /**
     * Prints a graph.
     *
     * @param graph the graph
     * @param types what FLOAT32 becomes
     * @param raw inputs that are taken as they are, as buffers written in place
     */
    static Script of(Graph graph, ScriptTypes types, Set<Value> raw) {
        ScriptWriter out = new ScriptWriter(types);
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
                        + ", x: List[Tensor], n: List[int], w: List[Tensor]) -> List[Tensor]:\n";
        List<String> methods = new ArrayList<>();
        methods.add(head + out.lines());
        methods.addAll(ScriptLibrary.KERNELS.methods(out.functions(), CLASS));
        return new Script(methods, out.tensors());
    }

    /** The method and those it calls. */
    List<String> methods() {
        return methods;
    }

    /** What {@code w} holds: parameters and {@link ScriptWriter.Numbers}. */
    List<Object> tensors() {
        return tensors;
    }
}
