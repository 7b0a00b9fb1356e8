package io.github.djlblocks.torchscript;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A TorchScript module: its class, tensors, child modules, constants and methods.
 *
 * <p>Nodes of one class name share the text of that class, so they must have the same parts under
 * the same names, and the same methods. The same node at several places is one module when loaded.
 */
final class ModuleNode {

    /** What a tensor of a module is to training and to the state_dict. */
    enum Kind {
        /** Trained. Requires a gradient where its type is floating. */
        PARAMETER,
        /** Kept, not trained. */
        BUFFER,
        /** In no list: neither in the state_dict nor moved with the module to another device. */
        ATTRIBUTE
    }

    /** A part of a module. */
    sealed interface Part permits Tensor, Child, Value {
        /** Its TorchScript type. */
        String type();
    }

    record Tensor(StoredTensor tensor, Kind kind) implements Part {
        @Override
        public String type() {
            return "Tensor";
        }

        boolean requiresGradient() {
            return kind == Kind.PARAMETER && tensor.type().isFloating();
        }
    }

    record Child(ModuleNode node) implements Part {
        @Override
        public String type() {
            return node.className();
        }
    }

    /** A String, Long, Double, Boolean, or a list of Long or Double. */
    record Value(String type, Object value) implements Part {}

    private final String className;
    private final Map<String, Part> parts;
    private final String text;

    private ModuleNode(Builder builder) {
        className = builder.className;
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(builder.parts));
        text = builder.text();
    }

    /** Starts a module of a class such as {@code __torch__.djlblocks.Model}. */
    static Builder builder(String className) {
        return new Builder(className);
    }

    String className() {
        return className;
    }

    /** In the order they were added. */
    Map<String, Part> parts() {
        return parts;
    }

    /** The definition of its class. */
    String text() {
        return text;
    }

    /** Builds a {@link ModuleNode}. */
    static final class Builder {

        private static final Pattern METHOD = Pattern.compile("def ([A-Za-z_][A-Za-z0-9_]*)\\(");

        private final String className;
        private final Map<String, Part> parts = new LinkedHashMap<>();
        private final Set<String> methodNames = new LinkedHashSet<>();
        private final List<String> methods = new ArrayList<>();

        private Builder(String className) {
            this.className = Identifiers.className(className);
            parts.put("training", new Value("bool", false));
        }

        Builder addTensor(String name, Tensor tensor) {
            return add(name, tensor);
        }

        Builder addParameter(String name, StoredTensor tensor) {
            return add(name, new Tensor(tensor, Kind.PARAMETER));
        }

        Builder addBuffer(String name, StoredTensor tensor) {
            return add(name, new Tensor(tensor, Kind.BUFFER));
        }

        Builder addAttribute(String name, StoredTensor tensor) {
            return add(name, new Tensor(tensor, Kind.ATTRIBUTE));
        }

        Builder addChild(String name, ModuleNode node) {
            return add(name, new Child(node));
        }

        Builder addString(String name, String value) {
            return add(name, new Value("str", value));
        }

        Builder addInteger(String name, long value) {
            return add(name, new Value("int", value));
        }

        Builder addFloat(String name, double value) {
            return add(name, new Value("float", value));
        }

        Builder addBoolean(String name, boolean value) {
            return add(name, new Value("bool", value));
        }

        Builder addIntegers(String name, List<Long> values) {
            return add(name, new Value("List[int]", List.copyOf(values)));
        }

        Builder addTensors(String name, List<Void> none) {
            return add(name, new Value("List[Tensor]", none));
        }

        Builder addFloats(String name, List<Double> values) {
            return add(name, new Value("List[float]", List.copyOf(values)));
        }

        /**
         * Adds a method.
         *
         * @param method its definition, not indented, types on everything: {@code def forward(self:
         *     __torch__.djlblocks.Model, x: Tensor) -> Tensor:} and its lines
         */
        Builder addMethod(String method) {
            Matcher matcher = METHOD.matcher(method);
            if (!matcher.lookingAt()) {
                throw new IllegalArgumentException(
                        "a method of "
                                + className
                                + " must begin with 'def name(', not '"
                                + method.lines().findFirst().orElse("")
                                + "'");
            }
            String name = matcher.group(1);
            if (parts.containsKey(name) || !methodNames.add(name)) {
                throw taken(name);
            }
            methods.add(method);
            return this;
        }

        ModuleNode build() {
            return new ModuleNode(this);
        }

        private Builder add(String name, Part part) {
            Identifiers.attribute(name);
            if (methodNames.contains(name) || parts.putIfAbsent(name, part) != null) {
                throw taken(name);
            }
            return this;
        }

        private IllegalArgumentException taken(String name) {
            return new IllegalArgumentException(
                    className
                            + " has two parts named '"
                            + name
                            + "': tensors, children, values, methods and 'training' share one set"
                            + " of names");
        }

        private String text() {
            StringBuilder text = new StringBuilder();
            text.append("class ").append(className.substring(className.lastIndexOf('.') + 1));
            text.append("(Module):\n");
            text.append("  __parameters__ = [").append(names(Kind.PARAMETER)).append("]\n");
            text.append("  __buffers__ = [").append(names(Kind.BUFFER)).append("]\n");
            parts.forEach(
                    (name, part) ->
                            text.append("  ")
                                    .append(Identifiers.declaration(name, part.type()))
                                    .append('\n'));
            methods.forEach(method -> text.append(method.indent(2)));
            return text.toString();
        }

        private String names(Kind kind) {
            StringBuilder names = new StringBuilder();
            parts.forEach(
                    (name, part) -> {
                        if (part instanceof Tensor tensor && tensor.kind() == kind) {
                            names.append('"').append(name).append("\", ");
                        }
                    });
            return names.toString();
        }
    }
}
