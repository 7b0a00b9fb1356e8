package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Recorded methods as those of one module. Parameters are where their paths say; numbers that are
 * always the same are attributes of the module, which no state_dict has, and so is what caches
 * hold; functions of the library are of a namespace beside the classes.
 */
final class ExportedScript {

    private static final String NAMESPACE = "__torch__.djlblocks";
    private static final String KERNELS = NAMESPACE + ".kernels";
    private static final KernelChoice LINEAR_KERNELS = KernelChoice.ofAnyDevice();

    private final ModuleTree tree;
    private final FileWeights weights;
    private final ExportTarget target;
    private final CacheState state;
    private final ModuleTree.ClassNames classes = new ModuleTree.ClassNames(NAMESPACE);
    private final String className;
    private final String prefix;
    private final Map<ScriptWriter.Numbers, String> numbers = new LinkedHashMap<>();
    private final Map<String, String> methods = new LinkedHashMap<>();
    private final Set<String> functions = new LinkedHashSet<>();

    ExportedScript(ModuleTree tree, FileWeights weights, ExportTarget target) {
        this.tree = tree;
        this.weights = weights;
        this.target = target;
        state = new CacheState(unused("cache"));
        prefix = unused("constant");
        className = classes.of(tree.kind(), "the root");
    }

    private String unused(String name) {
        String free = name;
        while (tree.hasNamesFrom(free)) {
            free += "_";
        }
        return free;
    }

    /** Prints a method. */
    void add(RecordedMethod recorded) {
        ScriptWriter out =
                new ScriptWriter(weights.types(), new Tensors(recorded.arguments().get(0)));
        methods.put(recorded.name(), new ExportedMethod(recorded, state, out).text(className));
        functions.addAll(out.functions());
    }

    /** The file, without what travels along. */
    TorchScriptArchive archive() {
        ModuleNode.Builder root = ModuleNode.builder(className);
        if (state.isUsed()) {
            functions.add(CacheState.REORDERED);
            state.addTo(root, className, KERNELS + "." + CacheState.REORDERED);
        }
        methods.values().forEach(root::addMethod);
        tree.addTo(root, classes);
        numbers.forEach((key, name) -> root.addAttribute(name, StoredArrays.of(key)));
        TorchScriptArchive archive = new TorchScriptArchive(root.build());
        String text = target.library().functions(functions, KERNELS);
        return text.isEmpty() ? archive : archive.addFunctions(KERNELS, text);
    }

    /** Where a method finds its tensors, which are wanted where its first argument is. */
    private final class Tensors implements ScriptTensors {

        private final String device;

        Tensors(String first) {
            device = first + ".device";
        }

        @Override
        public String parameter(Parameter parameter) {
            return weights.expressions(parameter).get(0);
        }

        /**
         * Moved to the inputs' device where it is on another: the module does not take it along.
         */
        @Override
        public String numbers(ScriptWriter.Numbers constant) {
            int count = numbers.size();
            String name = numbers.computeIfAbsent(constant, key -> prefix + "_" + count);
            boolean asStored =
                    StoredArrays.stored(constant.type()) == constant.type()
                            && !weights.types().converts(constant.type());
            String type =
                    asStored ? "None" : Integer.toString(weights.types().code(constant.type()));
            return "torch.to(self." + name + ", " + device + ", " + type + ")";
        }

        /** One alone: linear maps of a file are not joined. */
        @Override
        public String joined(List<Parameter> vectors) {
            return parameter(vectors.get(0));
        }

        @Override
        public @Nullable WeightFormat linearFormat(Parameter weight) {
            return weights.linearFormat(weight);
        }

        @Override
        public boolean joinsLinears() {
            return false;
        }

        @Override
        public Linear linear(List<Parameter> given, WeightFormat format) {
            int out = ParameterArrays.height(given);
            int in = ParameterArrays.width(given.get(0));
            KernelChoice.Choice choice =
                    LINEAR_KERNELS.choose(format, out, in, KernelChoice.Mix.GENERATION);
            return new Linear(choice, weights.expressions(Objects.requireNonNull(given.get(0))));
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
}
