package io.github.djlblocks.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/** Positions counted, and rows looked up by them, on the host: integers are few. */
final class PortableCounts {

    private PortableCounts() {}

    static NDArray maskedPositions(NDArray mask, long length, long first, long padding) {
        Shape shape = PositionRows.shapeOf(mask, "attention masks");
        int width = Math.toIntExact(shape.get(1));
        if (length < 1 || length > width) {
            throw new IllegalArgumentException(
                    "length ("
                            + length
                            + ") must be from 1 to the length of the attention mask "
                            + shape);
        }
        boolean[] stands = mask.toType(DataType.BOOLEAN, false).toBooleanArray();
        int kept = Math.toIntExact(length);
        long[] positions = new long[stands.length / width * kept];
        for (int row = 0; row < stands.length / width; row++) {
            long next = first;
            for (int t = 0; t < width; t++) {
                long position = stands[row * width + t] ? next++ : padding;
                if (t >= width - kept) {
                    positions[row * kept + t - width + kept] = position;
                }
            }
        }
        return OwnMemory.of(mask.getManager().create(positions, new Shape(shape.get(0), length)));
    }

    static NDArray tokenMask(NDArray ids, long paddingId) {
        long[] mask = HostIntegers.of(ids, "token ids");
        for (int i = 0; i < mask.length; i++) {
            mask[i] = mask[i] == paddingId ? 0 : 1;
        }
        return OwnMemory.of(ids.getManager().create(mask, ids.getShape()));
    }

    static NDArray tokenPositions(NDArray ids, long paddingId) {
        long[] positions = HostIntegers.of(ids, "token ids");
        int width = Math.toIntExact(PositionRows.shapeOf(ids, "token ids").get(1));
        long next = paddingId + 1;
        for (int i = 0; i < positions.length; i++) {
            next = i % width == 0 ? paddingId + 1 : next;
            positions[i] = positions[i] == paddingId ? paddingId : next++;
        }
        return OwnMemory.of(ids.getManager().create(positions, ids.getShape()));
    }

    static NDArray tableRows(NDArray indices, NDArray table, long offset, String what) {
        long rows = table.getShape().get(0);
        PositionRows.shapeOf(indices, what + "s");
        long[] shifted = HostIntegers.of(indices, what + "s");
        for (int i = 0; i < shifted.length; i++) {
            long row = shifted[i] + offset;
            if (row < 0 || row >= rows) {
                throw new IllegalArgumentException(
                        what
                                + " "
                                + shifted[i]
                                + " is outside the table of "
                                + rows
                                + " rows: "
                                + what
                                + "s run from "
                                + -offset
                                + " to "
                                + (rows - 1 - offset));
            }
            shifted[i] = row;
        }
        NDArray looked =
                offset == 0
                        ? indices
                        : OwnMemory.of(indices.getManager().create(shifted, indices.getShape()));
        return EngineGaps.embedding(looked, table);
    }
}
