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
public record TensorInfo(String name, StoredType type, Shape shape, long byteLength) {}
