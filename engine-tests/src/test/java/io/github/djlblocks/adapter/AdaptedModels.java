package io.github.djlblocks.adapter;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.family.Families;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Small models with random weights, and adapters with random numbers, the same on every engine. */
final class AdaptedModels {

    static final String LLAMA =
            """
            {"model_type": "llama", "vocab_size": 13, "hidden_size": 12, "intermediate_size": 20,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
             "head_dim": 4, "max_position_embeddings": 16}
            """;

    private AdaptedModels() {}

    static ModelDescription llama() {
        return Families.parse(LLAMA);
    }

    static KernelBlock initialized(ModelDescription description, NDManager manager) {
        return initialized(description, manager, DataType.FLOAT32);
    }

    static KernelBlock initialized(ModelDescription description, NDManager manager, DataType type) {
        KernelBlock block = description.newBlock();
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, given) ->
                                                array(owner, "base " + path, shape, given)));
        block.freezeParameters(true);
        block.initialize(manager, type, description.inputShapes());
        return block;
    }

    private static NDArray array(NDManager owner, String seed, Shape shape, DataType type) {
        double[] values = RandomTensors.normal(seed.hashCode(), shape.getShape());
        long terms = shape.dimension() < 2 ? 1 : shape.get(shape.dimension() - 1);
        double[] scaled =
                Arrays.stream(values).map(value -> value / Math.sqrt((double) terms)).toArray();
        return RandomTensors.toNDArray(owner, scaled, shape, type);
    }

    /** Gives an adapter numbers of its own, as if it were trained. */
    static void randomize(Block model, String name) {
        ParameterPaths.of(model)
                .forEach(
                        (path, parameter) -> {
                            if (path.contains(".adapters." + name + ".")) {
                                fill(path, parameter);
                            }
                        });
    }

    private static void fill(String path, Parameter parameter) {
        NDArray old = parameter.getArray();
        boolean wanted = parameter.requiresGradient();
        parameter.freeze(true);
        try (NDArray values = array(old.getManager(), path, old.getShape(), old.getDataType())) {
            if (path.endsWith("magnitude")) {
                old.addi(values.mul(0.2));
            } else {
                old.set(new NDIndex(":"), values);
            }
        }
        parameter.freeze(!wanted);
    }

    static Map<String, double[]> numbers(Block model) {
        Map<String, double[]> numbers = new TreeMap<>();
        ParameterPaths.of(model)
                .forEach(
                        (path, parameter) ->
                                numbers.put(path, HostValues.of(parameter.getArray())));
        return numbers;
    }

    static PairList<String, Object> choosing(String name) {
        PairList<String, Object> params = new PairList<>();
        params.add(Adapters.PARAM, name);
        return params;
    }

    static NDArray forward(Block model, NDManager manager) {
        return forward(model, manager, null);
    }

    static NDArray forward(Block model, NDManager manager, @Nullable String adapter) {
        return forward(model, ids(manager), adapter);
    }

    static NDList ids(NDManager manager) {
        return new NDList(manager.create(new long[][] {{3, 1, 4, 1, 5}, {9, 2, 6, 5, 3}}));
    }

    @SuppressWarnings("NullAway") // DJL takes null for "no params"
    static NDArray forward(Block model, NDList inputs, @Nullable String adapter) {
        ParameterStore store = new ParameterStore(inputs.get(0).getManager(), false);
        PairList<String, Object> params = adapter == null ? null : choosing(adapter);
        return model.forward(store, inputs, false, params).get(0);
    }
}
