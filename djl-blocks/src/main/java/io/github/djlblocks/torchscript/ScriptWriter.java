package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.graph.Dim;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The body of a method while it is being printed: lines, names, and which tensors it uses. */
final class ScriptWriter {

    /** Numbers that the module is given with its weights. */
    record Numbers(DataType type, List<Long> shape, List<Double> values) {}

    private final ScriptTypes types;
    private final StringBuilder lines = new StringBuilder();
    private final Map<Value, String> names = new HashMap<>();
    private final Map<Object, String> remembered = new HashMap<>();
    private final ScriptTensors tensors;
    private final Set<String> functions = new LinkedHashSet<>();
    private final Set<Node> done = new HashSet<>();
    private final Set<Value> spare = new HashSet<>();
    private int depth = 1;
    private int temporaries;

    ScriptWriter(ScriptTypes types, ScriptTensors tensors) {
        this.types = types;
        this.tensors = tensors;
    }

    ScriptTypes types() {
        return types;
    }

    ScriptTensors tensors() {
        return tensors;
    }

    /** Notes that a function of the library is called. */
    void uses(String function) {
        functions.add(function);
    }

    Set<String> functions() {
        return functions;
    }

    String lines() {
        return lines.toString();
    }

    void line(String text) {
        lines.append("  ".repeat(depth)).append(text).append('\n');
    }

    /** Prints lines that run under a condition. What they remember is forgotten behind them. */
    void block(String head, Runnable body) {
        line(head);
        Map<Object, String> before = new HashMap<>(remembered);
        depth++;
        body.run();
        depth--;
        remembered.clear();
        remembered.putAll(before);
    }

    /** A name that nothing else has. */
    String temporary() {
        return "t" + temporaries++;
    }

    boolean isNamed(Value value) {
        return names.containsKey(value);
    }

    /** Notes that a node was printed before its turn. */
    void done(Node node) {
        done.add(node);
    }

    /** Notes that the only reader of each may write over it. */
    void spare(Set<Value> values) {
        spare.addAll(values);
    }

    boolean isSpare(Value value) {
        return spare.contains(value);
    }

    boolean isDone(Node node) {
        return done.contains(node);
    }

    void name(Value value, String name) {
        names.put(value, name);
    }

    /** Prints an assignment and returns the name. */
    String assign(Value value, String expression) {
        line(value.name() + " = " + expression);
        names.put(value, value.name());
        return value.name();
    }

    void assign(List<Value> values, String expression) {
        String all = values.stream().map(Value::name).collect(Collectors.joining(", "));
        line(all + " = " + expression);
        values.forEach(value -> names.put(value, value.name()));
    }

    /** An expression computed once, if it was not before. */
    String remember(Object key, Supplier<String> expression) {
        String known = remembered.get(key);
        if (known == null) {
            String computed = expression.get();
            known = temporary();
            line(known + " = " + computed);
            remembered.put(key, known);
        }
        return known;
    }

    /** A name for something computed once, by lines that are given the name. */
    String rememberAs(Object key, Consumer<String> lines) {
        String known = remembered.get(key);
        if (known == null) {
            known = temporary();
            lines.accept(known);
            remembered.put(key, known);
        }
        return known;
    }

    /** A call of a function of the library. */
    String call(String function, @Nullable Object... arguments) {
        functions.add(function);
        return Arrays.stream(arguments)
                .map(this::text)
                .collect(Collectors.joining(", ", tensors.function(function) + "(", ")"));
    }

    /** An expression as it is. */
    record Code(String text) {}

    static Code code(String text) {
        return new Code(text);
    }

    String text(@Nullable Object operand) {
        if (operand == null) {
            return "None";
        }
        if (operand instanceof Code code) {
            return code.text();
        }
        if (operand instanceof Value value) {
            return name(value);
        }
        if (operand instanceof Dim dim) {
            return extent(dim);
        }
        if (operand instanceof Boolean truth) {
            return truth ? "True" : "False";
        }
        if (operand instanceof Double number) {
            return number(number);
        }
        if (operand instanceof DataType type) {
            return Integer.toString(types.code(type));
        }
        if (operand instanceof Enum<?> constant) {
            return '"' + constant.name() + '"';
        }
        if (operand instanceof String text) {
            return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        }
        if (operand instanceof List<?> list) {
            return list.stream().map(this::text).collect(Collectors.joining(", ", "[", "]"));
        }
        if (operand instanceof Integer || operand instanceof Long) {
            return operand.toString();
        }
        throw new IllegalArgumentException("cannot print an operand " + operand.getClass());
    }

    private static String number(double number) {
        if (!Double.isFinite(number)) {
            throw new IllegalArgumentException("cannot print the number " + number);
        }
        return Double.toString(number).toLowerCase(Locale.ROOT);
    }

    private String name(Value value) {
        String known = names.get(value);
        if (known != null) {
            return known;
        }
        return switch (value.kind()) {
            case PARAMETER -> tensors.parameter(value.parameter());
            case CONSTANT -> numbers(value);
            default -> throw new IllegalStateException(value + " was not computed yet");
        };
    }

    private String numbers(Value value) {
        List<Long> shape = value.dims().stream().map(Dim::hint).toList();
        double[] constant = value.constant();
        return numbers(value.dataType(), shape, constant);
    }

    /** Numbers as a tensor that is made once. */
    String numbers(DataType type, List<Long> shape, double... values) {
        return tensors.numbers(new Numbers(type, shape, Arrays.stream(values).boxed().toList()));
    }

    private String extent(Dim dim) {
        if (dim.isConstant()) {
            return Long.toString(dim.hint());
        }
        Value origin = dim.origin();
        return remember(dim, () -> "torch.size(" + name(origin) + ", " + dim.axis() + ")");
    }
}
