package io.github.djlblocks.torchscript;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The modules of an exported block: one for each block on the way to a parameter, nested by the
 * paths of the parameters, so that the state_dict has those paths as names.
 */
final class ModuleTree {

    private final String kind;
    private final Map<String, ModuleTree> children = new LinkedHashMap<>();
    private final Map<String, ModuleNode.Tensor> tensors = new LinkedHashMap<>();

    private ModuleTree(String kind) {
        this.kind = kind;
    }

    /**
     * Reads the tree of a block. A parameter at several paths is one tensor at each of them, of one
     * name.
     *
     * @throws IllegalStateException if a parameter has no values
     */
    static ModuleTree of(Block block, FileWeights weights) {
        requireValues(block);
        ModuleTree root = new ModuleTree(kind(block));
        Map<String, Block> blocks = ParameterPaths.blocks(block);
        Map<String, Parameter> parameters = ParameterPaths.of(block);
        Map<String, Map<String, ModuleNode.Tensor>> stored = new HashMap<>();
        parameters.forEach(
                (path, parameter) -> {
                    stored.put(path, weights.tensors(parameter));
                    root.put(path, Objects.requireNonNull(stored.get(path)), blocks);
                });
        ParameterPaths.aliases(block)
                .forEach(
                        (path, first) ->
                                root.put(path, Objects.requireNonNull(stored.get(first)), blocks));
        return root;
    }

    /** The expression of a tensor in a method of the root. */
    static String expression(String path) {
        String expression = "self";
        for (String name : path.split("\\.", -1)) {
            expression = Identifiers.access(expression, name);
        }
        return expression;
    }

    /**
     * Requires that a block can be written.
     *
     * @throws IllegalStateException if a parameter has no values
     */
    static void requireValues(Block block) {
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) -> {
                            if (!parameter.isInitialized()) {
                                throw new IllegalStateException(
                                        "parameter '"
                                                + path
                                                + "' has no values: initialise or load the block"
                                                + " before it is exported");
                            }
                        });
    }

    private void put(String path, Map<String, ModuleNode.Tensor> parts, Map<String, Block> blocks) {
        ModuleTree at = this;
        int from = 0;
        for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', from)) {
            Block block = blocks.get(path.substring(0, dot));
            String kind = block == null ? "Blocks" : kind(block);
            at =
                    at.children.computeIfAbsent(
                            path.substring(from, dot), name -> new ModuleTree(kind));
            from = dot + 1;
        }
        String name = path.substring(from);
        for (Map.Entry<String, ModuleNode.Tensor> part : parts.entrySet()) {
            if (at.tensors.put(name + part.getKey(), part.getValue()) != null) {
                throw new IllegalArgumentException(
                        "two tensors are named '"
                                + path
                                + part.getKey()
                                + "': give the parameters different names");
            }
        }
    }

    /** What a class of such blocks is called. */
    static String kind(Block block) {
        String name = block.getClass().getSimpleName().replaceAll("[^A-Za-z0-9_]", "_");
        return name.isEmpty() || Character.isDigit(name.charAt(0)) ? "Block" + name : name;
    }

    String kind() {
        return kind;
    }

    /** Whether a part of the root has a name with this beginning. */
    boolean hasNamesFrom(String prefix) {
        return Stream.concat(children.keySet().stream(), tensors.keySet().stream())
                .anyMatch(name -> name.startsWith(prefix));
    }

    /** Adds the parts of this module to a node. */
    void addTo(ModuleNode.Builder node, ClassNames names) {
        tensors.forEach(node::addTensor);
        children.forEach((name, child) -> node.addChild(name, child.node(names)));
    }

    private ModuleNode node(ClassNames names) {
        ModuleNode.Builder node = ModuleNode.builder(names.of(kind, signature(names)));
        addTo(node, names);
        return node.build();
    }

    /** What two modules of one class have in common. */
    private String signature(ClassNames names) {
        StringBuilder signature = new StringBuilder();
        tensors.forEach(
                (name, tensor) ->
                        signature.append(name).append(' ').append(tensor.kind()).append(", "));
        children.forEach(
                (name, child) ->
                        signature
                                .append(name)
                                .append(": ")
                                .append(names.of(child.kind, child.signature(names)))
                                .append(", "));
        return signature.toString();
    }

    /** Class names: equal modules share one, and different modules of one kind do not. */
    static final class ClassNames {

        private final String namespace;
        private final Map<String, Map<String, String>> byKind = new HashMap<>();

        ClassNames(String namespace) {
            this.namespace = namespace;
        }

        String of(String kind, String signature) {
            Map<String, String> known = byKind.computeIfAbsent(kind, key -> new HashMap<>());
            int others = known.size();
            return known.computeIfAbsent(
                    signature,
                    key -> namespace + (others == 0 ? "." : ".form" + others + ".") + kind);
        }
    }
}
