package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.io.OutputStream;

/**
 * A tensor on its way into an archive: its bytes are asked for when they are written, once. The
 * same object at several places of a module tree is stored once and shared when loaded.
 *
 * @param type what its elements are
 * @param shape its shape; no axes for a single number
 * @param content writes the elements, last axis fastest, little-endian
 */
record StoredTensor(TensorType type, Shape shape, Content content) {

    /** Writes bytes; may close the stream it is given. */
    @FunctionalInterface
    interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    StoredTensor {
        for (long size : shape.getShape()) {
            if (size < 0) {
                throw new IllegalArgumentException(
                        "shape "
                                + shape
                                + " has an unknown axis: a stored tensor needs every size");
            }
        }
    }

    long elements() {
        return shape.size();
    }

    long byteLength() {
        return Math.multiplyExact(elements(), (long) type.byteSize());
    }

    /** Elements from one index of an axis to the next, for every axis. */
    long[] strides() {
        long[] strides = new long[shape.dimension()];
        long stride = 1;
        for (int axis = strides.length - 1; axis >= 0; axis--) {
            strides[axis] = stride;
            stride *= Math.max(1, shape.get(axis));
        }
        return strides;
    }

    /**
     * Writes the elements.
     *
     * @param name the tensor, for the message
     * @throws IllegalArgumentException if there are more or fewer bytes than the shape has
     */
    void writeTo(String name, OutputStream out) throws IOException {
        Counter counter = new Counter(out);
        content.writeTo(counter);
        if (counter.count != byteLength()) {
            throw new IllegalArgumentException(
                    "tensor '"
                            + name
                            + "' wrote "
                            + counter.count
                            + " bytes, but "
                            + type
                            + " "
                            + shape
                            + " has "
                            + byteLength()
                            + ": give it the shape of what it writes");
        }
    }

    /** Counts, and passes on no more than there is room for. */
    private final class Counter extends OutputStream {

        private final OutputStream out;
        private long count;

        Counter(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            count += length;
            if (count <= byteLength()) {
                out.write(bytes, offset, length);
            }
        }
    }
}
