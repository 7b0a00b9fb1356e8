package io.github.djlblocks.goldens;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** Weights of a reference, copied into a block by the names of its parameters. */
final class NamedWeights {

    private final Golden weights;
    private final String prefix;
    private final UnaryOperator<String> names;
    private final Predicate<String> turned;

    /**
     * Creates the map.
     *
     * @param weights the file
     * @param prefix in front of the names of parameters there
     * @param names from the path of a parameter to the name of its tensor, without the prefix
     */
    NamedWeights(Golden weights, String prefix, UnaryOperator<String> names) {
        this(weights, prefix, names, name -> false);
    }

    /** As above, and some tensors are (in, out), as those of a Conv1D. */
    NamedWeights(
            Golden weights, String prefix, UnaryOperator<String> names, Predicate<String> turned) {
        this.turned = turned;
        this.weights = weights;
        this.prefix = prefix;
        this.names = names;
    }

    /** Initialises a block with the tensors; those of another shape must have as many elements. */
    void load(Block block, NDManager manager, DataType dataType, Shape... inputs) {
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) -> {
                                            String name = prefix + names.apply(path);
                                            NDArray stored = weights.array(name, owner, type);
                                            NDArray held =
                                                    turned.test(name) ? stored.transpose() : stored;
                                            if (held.getShape().equals(shape)) {
                                                return held;
                                            }
                                            return held.reshape(shape);
                                        }));
        block.initialize(manager, dataType, inputs);
    }

    /** Numbers of a parameter in the order of its tensor. */
    double[] asStored(String name, double[] numbers) {
        if (!turned.test(prefix + name)) {
            return numbers;
        }
        Shape stored = weights.shape(prefix + name);
        int rows = Math.toIntExact(stored.get(0));
        int columns = Math.toIntExact(stored.get(1));
        double[] turned = new double[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            turned[i] = numbers[i % columns * rows + i / columns];
        }
        return turned;
    }

    /** Requires that blocks hold every tensor of the file, one parameter each. */
    void assertTotal(Block... blocks) {
        Set<String> held = new TreeSet<>();
        for (Block block : blocks) {
            for (String path : ParameterPaths.of(block).keySet()) {
                assertThat(held.add(names.apply(path))).as(path).isTrue();
            }
        }
        assertThat(held).isEqualTo(weights.namesAfter(prefix));
    }

    /** The arrays of the parameters by the names of their tensors. */
    Map<String, NDArray> arrays(Block block) {
        Map<String, NDArray> arrays = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : ParameterPaths.of(block).entrySet()) {
            arrays.put(names.apply(entry.getKey()), entry.getValue().getArray());
        }
        return arrays;
    }
}
