package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.Shape;

/** Tensors of known bytes. */
final class Contents {

    private Contents() {}

    /** A tensor of FLOAT32. */
    static StoredTensor floats(Shape shape, float... values) {
        LittleEndian bytes = new LittleEndian();
        for (float value : values) {
            bytes.int32(Float.floatToIntBits(value));
        }
        return raw(TensorType.FLOAT32, shape, bytes);
    }

    static StoredTensor raw(TensorType type, Shape shape, LittleEndian bytes) {
        return new StoredTensor(type, shape, out -> out.write(bytes.toBytes()));
    }
}
