package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;

/** What every block says of inputs and types that it cannot take. */
final class BlockErrors {

    private BlockErrors() {}

    private static String name(Block block) {
        return block.getClass().getSimpleName();
    }

    static IllegalArgumentException noGradient(NDManager manager, DataType dataType, Exception e) {
        return new IllegalArgumentException(
                "engine "
                        + manager.getEngine().getEngineName()
                        + " on "
                        + manager.getDevice()
                        + " cannot initialise parameters of "
                        + dataType
                        + " ("
                        + e.getMessage()
                        + "): call freezeParameters(true) first if they need no gradient, or"
                        + " use FLOAT32, or engine PyTorch",
                e);
    }

    static IllegalArgumentException otherType(
            Block block, DataType input, Parameter parameter, DataType held) {
        return new IllegalArgumentException(
                name(block)
                        + ": input is "
                        + input
                        + " but parameter "
                        + parameter.getName()
                        + " is "
                        + held
                        + ": initialise or load the block as "
                        + input
                        + ", or cast the input");
    }

    static IllegalArgumentException notFloating(Block block, NDArray x) {
        return new IllegalArgumentException(
                name(block)
                        + ": input is "
                        + x.getDataType()
                        + ", expected a floating type: cast the input");
    }

    static IllegalArgumentException halfInTraining(Block block) {
        return new IllegalArgumentException(
                name(block)
                        + ": no gradient goes through FLOAT16, which is widened and narrowed on the"
                        + " way: train in FLOAT32, and load what was saved as FLOAT16");
    }

    static IllegalArgumentException otherInputs(Block block, int count, String layout, int given) {
        return new IllegalArgumentException(
                name(block) + " takes " + count + " input(s), " + layout + ", got " + given);
    }
}
