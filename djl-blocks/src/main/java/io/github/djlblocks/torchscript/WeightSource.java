package io.github.djlblocks.torchscript;

import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightRows;

/** Where the values of parameters are read when they are packed: one tensor at a time. */
@FunctionalInterface
public interface WeightSource {

    /**
     * Opens a parameter for reading.
     *
     * @param parameter the parameter; an array of other than two axes is read as if all but the
     *     last were one
     * @return its rows, which may be read by several threads
     * @throws UnsupportedOperationException if its values cannot be read
     */
    WeightRows rows(Parameter parameter);
}
