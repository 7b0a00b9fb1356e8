package io.github.djlblocks.core;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;

/** The shapes that a block's own parameters were built with, which reading a file changes. */
final class BuiltShapes {

    private final String block;
    private final Map<Parameter, Shape> shapes = new LinkedHashMap<>();

    BuiltShapes(AbstractBlock block) {
        this.block = block.getClass().getSimpleName();
        for (Parameter parameter : block.getDirectParameters().values()) {
            shapes.put(parameter, parameter.getShape());
        }
    }

    /**
     * Requires that the parameters have them still.
     *
     * @throws MalformedModelException if one was read with another
     */
    void require() throws MalformedModelException {
        for (Map.Entry<Parameter, Shape> each : shapes.entrySet()) {
            Parameter parameter = each.getKey();
            if (!parameter.getShape().equals(each.getValue())) {
                throw new MalformedModelException(
                        block
                                + ": parameter "
                                + parameter.getName()
                                + " has shape "
                                + parameter.getShape()
                                + " in the file but "
                                + each.getValue()
                                + " in the block: build the block with the sizes it was saved"
                                + " with");
            }
        }
    }

    /** Gives parameters without values their shapes again. */
    void restore() {
        shapes.forEach(Parameter::setShape);
    }
}
