package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Turns stored bytes into arrays that the engine owns, through one reused direct buffer.
 *
 * <p>PyTorch's {@code manager.create(directBuffer, ...)} points into the buffer it is given, so
 * what is made from the buffer is always copied and closed before the buffer is filled again. A
 * tensor larger than the buffer is made whole first and then filled piece by piece: it never exists
 * twice, and no buffer has to hold more than 2^31 - 1 bytes.
 */
final class ArrayReader {

    static final int DEFAULT_CHUNK_BYTES = 64 << 20;

    private static final int MAX_ARRAY_LENGTH = Integer.MAX_VALUE - 8;

    private final int chunkBytes;
    private ByteBuffer scratch = ByteBuffer.allocateDirect(0);

    /** The bytes of one tensor. */
    interface Bytes {
        ByteBuffer slice(long offset, int length);
    }

    ArrayReader(int chunkBytes) {
        this.chunkBytes = chunkBytes;
    }

    synchronized NDArray read(TensorInfo info, Bytes bytes, NDManager manager, DataType dataType) {
        long size = info.shape().size();
        if (size == 0) {
            return manager.create(info.shape(), dataType);
        }
        int step = elementsPerChunk(info, dataType.getNumOfBytes());
        if (size <= step) {
            return readPart(info, bytes, manager, dataType, 0, info.shape());
        }
        NDArray whole = manager.create(info.shape(), dataType);
        boolean filled = false;
        try {
            fill(whole, info, bytes, step);
            filled = true;
            return whole;
        } catch (UnsupportedOperationException e) {
            // The engine has no slice assignment. Joining the pieces needs the tensor's size twice.
            return concatenate(info, bytes, manager, dataType, step);
        } finally {
            if (!filled) {
                whole.close();
            }
        }
    }

    /**
     * Fills an array box by box. A box spans a few indices of one axis, one index of each axis
     * before it and all of each axis behind it. (A flattened view would be simpler, but on MXNet a
     * reshaped array is a copy.)
     */
    private void fill(NDArray whole, TensorInfo info, Bytes bytes, int step) {
        long[] dimensions = info.shape().getShape();
        int axis = 0;
        long inner = info.shape().size() / dimensions[0];
        while (inner > step) {
            axis++;
            inner /= dimensions[axis];
        }
        long rows = step / inner;
        long[] box = dimensions.clone();
        Arrays.fill(box, 0, axis, 1);
        long length = dimensions[axis];
        long outer = info.shape().size() / inner / length;
        for (long lead = 0; lead < outer; lead++) {
            for (long from = 0; from < length; from += rows) {
                long to = Math.min(length, from + rows);
                box[axis] = to - from;
                NDIndex index = new NDIndex();
                long stride = outer;
                for (int i = 0; i < axis; i++) {
                    stride /= dimensions[i];
                    long at = lead / stride % dimensions[i];
                    index.addSliceDim(at, at + 1);
                }
                index.addSliceDim(from, to);
                long start = (lead * length + from) * inner;
                try (NDArray part =
                        convert(
                                info,
                                bytes,
                                whole.getManager(),
                                whole.getDataType(),
                                start,
                                new Shape(box))) {
                    whole.set(index, part);
                }
            }
        }
    }

    synchronized double[] readDoubles(TensorInfo info, Bytes bytes) {
        long size = info.shape().size();
        if (size > MAX_ARRAY_LENGTH) {
            throw new IllegalArgumentException(
                    "tensor '"
                            + info.name()
                            + "' has "
                            + size
                            + " values, more than a Java array holds ("
                            + MAX_ARRAY_LENGTH
                            + "): read it as an NDArray");
        }
        double[] values = new double[(int) size];
        int step = elementsPerChunk(info, Double.BYTES);
        for (int start = 0; start < values.length; start += step) {
            int count = Math.min(step, values.length - start);
            ByteBuffer source = stored(info, bytes, start, count);
            for (int i = 0; i < count; i++) {
                values[start + i] = exact(info, source, i);
            }
        }
        return values;
    }

    private static double exact(TensorInfo info, ByteBuffer source, int index) {
        double value = Conversions.load(info.type(), source, index);
        if (info.type() == StoredType.I64) {
            long stored = source.getLong(source.position() + index * Long.BYTES);
            if (value == 0x1p63 || (long) value != stored) {
                throw new IllegalArgumentException(
                        "tensor '"
                                + info.name()
                                + "' holds "
                                + stored
                                + ", which no double equals: read it as INT64");
            }
        }
        return value;
    }

    private NDArray concatenate(
            TensorInfo info, Bytes bytes, NDManager manager, DataType dataType, int step) {
        long size = info.shape().size();
        try (NDList parts = new NDList()) {
            for (long start = 0; start < size; start += step) {
                Shape shape = new Shape(Math.min(size - start, step));
                parts.add(readPart(info, bytes, manager, dataType, start, shape));
            }
            try (NDArray joined = NDArrays.concat(parts, 0)) {
                return joined.reshape(info.shape());
            }
        }
    }

    private NDArray readPart(
            TensorInfo info,
            Bytes bytes,
            NDManager manager,
            DataType dataType,
            long start,
            Shape shape) {
        try (NDArray shared = convert(info, bytes, manager, dataType, start, shape)) {
            return shared.duplicate();
        }
    }

    /** Makes an array that may point into the scratch buffer: close it before the next call. */
    private NDArray convert(
            TensorInfo info,
            Bytes bytes,
            NDManager manager,
            DataType dataType,
            long start,
            Shape shape) {
        int count = (int) shape.size();
        int length = count * dataType.getNumOfBytes();
        if (scratch.capacity() < length) {
            scratch = ByteBuffer.allocateDirect(length);
        }
        ByteBuffer target = scratch.slice(0, length).order(ByteOrder.nativeOrder());
        try {
            Conversions.convert(info.type(), stored(info, bytes, start, count), dataType, target);
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "tensor '" + info.name() + "' holds " + e.getMessage(), e);
        }
        return manager.create(target, shape, dataType);
    }

    private static ByteBuffer stored(TensorInfo info, Bytes bytes, long start, int count) {
        int elementBytes = info.type().byteSize();
        return bytes.slice(start * elementBytes, count * elementBytes);
    }

    private int elementsPerChunk(TensorInfo info, int targetBytes) {
        return Math.max(1, chunkBytes / Math.max(info.type().byteSize(), targetBytes));
    }
}
