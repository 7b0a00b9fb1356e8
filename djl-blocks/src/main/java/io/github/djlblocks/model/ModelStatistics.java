package io.github.djlblocks.model;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many parameters a block has, and how much memory they take; nothing is allocated for it, as
 * the blocks of this library know the shape of every parameter at construction.
 *
 * <p>A parameter that several places share, such as a tied embedding table, counts once.
 *
 * @param parameters how many numbers the block holds
 * @param trainable how many of them are not frozen
 * @param byGroup how many by the first part of their path, as in {@code embedding}, {@code layers},
 *     {@code norm}, {@code head}, in the order of the block
 */
public record ModelStatistics(long parameters, long trainable, Map<String, Long> byGroup) {

    /**
     * Copies.
     *
     * @param parameters how many numbers the block holds
     * @param trainable how many of them are not frozen
     * @param byGroup how many by the first part of their path
     */
    public ModelStatistics {
        byGroup = Collections.unmodifiableMap(new LinkedHashMap<>(byGroup));
    }

    /**
     * Counts the parameters of a block, initialised or not.
     *
     * @param block any block whose parameters have their shapes
     * @return its statistics
     * @throws IllegalArgumentException if a parameter has no shape yet
     */
    public static ModelStatistics of(Block block) {
        long all = 0;
        long trainable = 0;
        Map<String, Long> groups = new LinkedHashMap<>();
        for (Map.Entry<String, Parameter> entry : ParameterPaths.of(block).entrySet()) {
            Parameter parameter = entry.getValue();
            Shape shape = parameter.getShape();
            if (shape == null || Arrays.stream(shape.getShape()).anyMatch(axis -> axis < 0)) {
                throw new IllegalArgumentException(
                        "parameter "
                                + entry.getKey()
                                + " has no shape yet: initialise the block first");
            }
            long size = shape.size();
            all += size;
            trainable += parameter.requiresGradient() ? size : 0;
            String path = entry.getKey();
            int end = path.indexOf('.');
            groups.merge(end < 0 ? path : path.substring(0, end), size, Long::sum);
        }
        return new ModelStatistics(all, trainable, groups);
    }

    /**
     * Returns the memory of the parameters.
     *
     * @param dataType the type they are held in
     * @return bytes
     */
    public long bytes(DataType dataType) {
        return Math.multiplyExact(parameters, dataType.getNumOfBytes());
    }
}
