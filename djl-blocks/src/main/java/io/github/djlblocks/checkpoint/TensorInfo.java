package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.types.Shape;

/**
 * What a checkpoint says about one tensor.
 *
 * @param name the name in the checkpoint
 * @param type the stored element type
 * @param shape the shape; {@code ()} for a scalar
 * @param byteLength the stored size in bytes: {@code shape.size() x type.byteSize()}
 */
public record TensorInfo(String name, StoredType type, Shape shape, long byteLength) {

    /** Requires that so many values are there from one on; {@code asked} names the tensor. */
    void requireRange(String asked, long start, int count) {
        if (start < 0 || start > shape.size() - count) {
            throw new IllegalArgumentException(
                    count
                            + " values from "
                            + start
                            + " on are more than tensor '"
                            + asked
                            + "' has ("
                            + shape.size()
                            + ")");
        }
    }
}
