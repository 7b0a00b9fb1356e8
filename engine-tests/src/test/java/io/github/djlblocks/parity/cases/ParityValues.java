package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.Var;

/** Parameters with the same numbers in a block and for the oracle. */
final class ParityValues {

    private ParityValues() {}

    static void initialize(Block block, NDManager manager, DataType dataType, Shape input) {
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) ->
                                                RandomTensors.toNDArray(
                                                        owner, values(path, shape), shape, type)));
        block.freezeParameters(true);
        block.initialize(manager, dataType, input);
    }

    static Var of(String path, Shape shape, DataType dataType) {
        return new CaseArray.HostArray(values(path, shape), shape).toVar(dataType);
    }

    private static double[] values(String path, Shape shape) {
        return ParameterValues.of("cache", path, shape);
    }
}
