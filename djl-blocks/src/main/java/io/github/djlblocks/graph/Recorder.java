package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import io.github.djlblocks.kernel.Past;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Writes nodes down; a call equal to one before gives the results of that one. */
final class Recorder {

    private final NDManager manager;
    private final RecordingKernels kernels = new RecordingKernels(this);
    private final List<Value> inputs = new ArrayList<>();
    private final List<Value> numbers = new ArrayList<>();
    private final List<Value> constants = new ArrayList<>();
    private final Map<Parameter, Value> parameters = new HashMap<>();
    private final List<Value> parameterOrder = new ArrayList<>();
    private final Deque<Body> bodies = new ArrayDeque<>();
    private int results;

    /** Nodes that run under the same condition, and what is known of them. */
    private static final class Body {
        private final List<Node> nodes = new ArrayList<>();
        private final Map<List<@Nullable Object>, NDList> known = new HashMap<>();
    }

    Recorder(NDManager manager) {
        this.manager = manager;
        bodies.push(new Body());
    }

    NDManager manager() {
        return manager;
    }

    RecordingKernels kernels() {
        return kernels;
    }

    TracedArray input(List<Dim> dims, DataType type) {
        Value value = new Value(Value.Kind.INPUT, "x" + inputs.size(), dims, type, null);
        inputs.add(value);
        return new TracedArray(this, value);
    }

    Value number() {
        String name = "n" + numbers.size();
        Value value = new Value(Value.Kind.NUMBER, name, List.of(), DataType.INT64, null);
        numbers.add(value);
        return value;
    }

    TracedArray constant(DataType type, long[] shape, double... values) {
        List<Dim> dims = Arrays.stream(shape).mapToObj(Dim::of).toList();
        String name = "k" + constants.size();
        Value value = new Value(Value.Kind.CONSTANT, name, dims, type, values.clone());
        constants.add(value);
        return new TracedArray(this, value);
    }

    TracedArray parameter(Parameter parameter, DataType type) {
        Value value =
                parameters.computeIfAbsent(
                        parameter,
                        key -> {
                            List<Dim> dims =
                                    Arrays.stream(key.getShape().getShape())
                                            .mapToObj(Dim::of)
                                            .toList();
                            String name = "w" + parameters.size();
                            Value made = new Value(Value.Kind.PARAMETER, name, dims, type, key);
                            parameterOrder.add(made);
                            return made;
                        });
        return new TracedArray(this, value);
    }

    /** Records a call of one result. */
    NDArray call(String operation, List<Dim> dims, DataType type, @Nullable Object... operands) {
        return callAll(operation, true, List.of(dims), List.of(type), operands).get(0);
    }

    /** Records a call. */
    NDList callAll(
            String operation,
            boolean pure,
            List<List<Dim>> dims,
            List<DataType> types,
            @Nullable Object... operands) {
        List<@Nullable Object> plain = new ArrayList<>();
        for (Object operand : operands) {
            plain.add(plain(operand));
        }
        List<@Nullable Object> key = new ArrayList<>(plain);
        key.add(operation);
        NDList known = pure ? known(key) : null;
        if (known != null) {
            return new NDList(known);
        }
        List<Value> values = new ArrayList<>();
        NDList arrays = new NDList();
        for (int i = 0; i < dims.size(); i++) {
            String name = "v" + results++;
            Value value = new Value(Value.Kind.RESULT, name, dims.get(i), types.get(i), null);
            values.add(value);
            arrays.add(new TracedArray(this, value));
        }
        body().nodes.add(new Node(operation, plain, values, pure));
        if (pure) {
            body().known.put(key, arrays);
        }
        return new NDList(arrays);
    }

    private @Nullable NDList known(List<@Nullable Object> key) {
        for (Body body : bodies) {
            NDList known = body.known.get(key);
            if (known != null) {
                return known;
            }
        }
        return null;
    }

    /** Records a computation apart, which may run or not. */
    Graph body(List<Dim> dims, DataType type, Function<NDArray, NDArray> computation) {
        Value input = new Value(Value.Kind.INPUT, "b" + results++, dims, type, null);
        bodies.push(new Body());
        try {
            NDArray output = computation.apply(new TracedArray(this, input));
            List<Value> none = List.of();
            return new Graph(
                    List.of(input), none, none, none, body().nodes, List.of(valueOf(output)));
        } finally {
            bodies.pop();
        }
    }

    private Body body() {
        return bodies.element();
    }

    Graph finish(NDList outputs) {
        List<Value> values = new ArrayList<>();
        for (NDArray output : outputs) {
            values.add(valueOf(output));
        }
        return new Graph(inputs, numbers, parameterOrder, constants, body().nodes, values);
    }

    private @Nullable Object plain(@Nullable Object operand) {
        if (operand instanceof NDArray array) {
            return valueOf(array);
        }
        if (operand instanceof TracedPast past) {
            return past.value();
        }
        if (operand instanceof Past past) {
            return Arrays.stream(past.lengths()).boxed().toList();
        }
        return operand instanceof List<?> list ? Collections.unmodifiableList(list) : operand;
    }

    Value valueOf(NDArray array) {
        if (array instanceof TracedArray traced && traced.recorder() == this) {
            return traced.value();
        }
        throw new UnsupportedOperationException(
                "an array "
                        + array.getShape()
                        + " that is neither an input nor a parameter takes part in the computation,"
                        + " which cannot be recorded: give it as an input");
    }
}
