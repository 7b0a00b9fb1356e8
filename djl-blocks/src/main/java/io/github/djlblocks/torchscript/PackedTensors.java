package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A parameter in a format, packed when it is written. */
final class PackedTensors {

    private static final int CHUNK = 1 << 16;

    private final String path;
    private final Parameter parameter;
    private final WeightFormat format;
    private final int out;
    private final int in;

    PackedTensors(String path, Parameter parameter, WeightFormat format) {
        this.path = path;
        this.parameter = parameter;
        this.format = format;
        Shape shape = parameter.getShape();
        in = shape.dimension() == 0 ? 1 : Math.toIntExact(shape.get(shape.dimension() - 1));
        out = Math.toIntExact(shape.size() / in);
    }

    /** Floats of 16 bits, in the shape of the parameter. */
    StoredTensor values() {
        TensorType type =
                format.equals(WeightFormat.BFLOAT16) ? TensorType.BFLOAT16 : TensorType.FLOAT16;
        return new StoredTensor(
                type, parameter.getShape(), stream -> write(packed().codes(), stream));
    }

    StoredTensor codes() {
        return new StoredTensor(
                format.bits() == 4 ? TensorType.UINT8 : TensorType.INT8,
                StoredShapes.codes(format, out, in),
                stream -> write(packed().codes(), stream));
    }

    StoredTensor scales() {
        return new StoredTensor(
                TensorType.BFLOAT16,
                StoredShapes.scales(format, out, in),
                stream -> write(packed().scales(), stream));
    }

    private PackedWeight packed() {
        float[] values = parameter.getArray().toFloatArray();
        return format.pack(path, out, in, WeightRows.of(values, out, in));
    }

    private static void write(ByteBuffer bytes, OutputStream stream) throws IOException {
        if (bytes.order() != ByteOrder.LITTLE_ENDIAN) {
            throw new UnsupportedOperationException(
                    "weights are packed in the order of this machine, which is not that of a file:"
                            + " export on a little-endian one");
        }
        byte[] chunk = new byte[CHUNK];
        while (bytes.hasRemaining()) {
            int length = Math.min(chunk.length, bytes.remaining());
            bytes.get(chunk, 0, length);
            stream.write(chunk, 0, length);
        }
    }
}
