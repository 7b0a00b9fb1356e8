package io.github.djlblocks.torchscript;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Value;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A graph as a module with a {@code forward}. Parameters are where their paths say; numbers that
 * are always the same are attributes of the module, which no state_dict has; functions of the
 * library are of a namespace beside the classes.
 */
final class ExportedScript implements ScriptTensors {

    private static final String NAMESPACE = "__torch__.djlblocks";
    private static final String KERNELS = NAMESPACE + ".kernels";

    private final Map<Parameter, String> parameters;
    private final String device;
    private final ExportTarget target;
    private final String prefix;
    private final Map<ScriptWriter.Numbers, String> numbers = new LinkedHashMap<>();

    private ExportedScript(
            Map<Parameter, String> parameters, String device, ExportTarget target, String prefix) {
        this.parameters = parameters;
        this.device = device;
        this.target = target;
        this.prefix = prefix;
    }

    static TorchScriptArchive of(
            Block block, ModuleTree tree, Graph graph, List<String> names, ExportTarget target) {
        String prefix = "constant";
        while (tree.hasNamesFrom(prefix)) {
            prefix += "_";
        }
        String device = names.get(0) + ".device";
        ExportedScript script =
                new ExportedScript(ModuleTree.expressions(block), device, target, prefix);
        ScriptWriter out = new ScriptWriter(ScriptTypes.FLOAT32, script);
        for (int i = 0; i < names.size(); i++) {
            out.name(graph.inputs().get(i), names.get(i));
        }
        Emitters.emit(graph, out);
        List<String> results = new ArrayList<>();
        for (Value output : graph.outputs()) {
            results.add(out.text(output));
        }
        ModuleTree.ClassNames classes = new ModuleTree.ClassNames(NAMESPACE);
        ModuleNode.Builder root = ModuleNode.builder(classes.of(tree.kind(), "the root"));
        root.addMethod(forward(classes.of(tree.kind(), "the root"), names, out, results));
        tree.addTo(root, classes);
        script.numbers.forEach((key, name) -> root.addAttribute(name, StoredArrays.of(key)));
        TorchScriptArchive archive = new TorchScriptArchive(root.build());
        String functions = target.library().functions(out.functions(), KERNELS);
        return functions.isEmpty() ? archive : archive.addFunctions(KERNELS, functions);
    }

    private static String forward(
            String className, List<String> names, ScriptWriter out, List<String> results) {
        String arguments =
                names.stream().map(name -> ", " + name + ": Tensor").collect(Collectors.joining());
        boolean one = results.size() == 1;
        String type =
                one
                        ? "Tensor"
                        : results.stream()
                                .map(result -> "Tensor")
                                .collect(Collectors.joining(", ", "Tuple[", "]"));
        String result = String.join(", ", results);
        return "def forward(self: "
                + className
                + arguments
                + ") -> "
                + type
                + ":\n"
                + out.lines()
                + "  return "
                + (one ? result : "(" + result + ")")
                + "\n";
    }

    @Override
    public String parameter(Parameter parameter) {
        String expression = parameters.get(parameter);
        if (expression == null) {
            throw new UnsupportedOperationException(
                    "it computes with parameter '"
                            + parameter.getName()
                            + "', which none of its child blocks has: add the block that has it"
                            + " as a child");
        }
        return expression;
    }

    /** Moved to the inputs' device where it is on another: the module does not take it along. */
    @Override
    public String numbers(ScriptWriter.Numbers constant) {
        int count = numbers.size();
        String name = numbers.computeIfAbsent(constant, key -> prefix + "_" + count);
        String type =
                StoredArrays.stored(constant.type()) == constant.type()
                        ? "None"
                        : Integer.toString(ScriptTypes.plain(constant.type()));
        return "torch.to(self." + name + ", " + device + ", " + type + ")";
    }

    @Override
    public String joined(List<Parameter> vectors) {
        throw new IllegalStateException("weights of a file are not joined");
    }

    @Override
    public @Nullable WeightFormat linearFormat(Parameter weight) {
        return null;
    }

    @Override
    public Linear linear(List<Parameter> weights, WeightFormat format) {
        throw new IllegalStateException("weights of a file are not packed");
    }

    @Override
    public String function(String name) {
        return KERNELS + "." + name;
    }

    @Override
    public boolean hasRmsNorm() {
        return target.hasRmsNorm();
    }
}
