package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import java.nio.ByteBuffer;
import java.util.List;

/** Writes codes and scales of a weight into arrays on the processor. */
final class CodeFiller {

    /** Bytes that a buffer of the engine may have. */
    static final int LARGEST_BUFFER = Integer.MAX_VALUE;

    private static final ByteBuffer NONE = ByteBuffer.allocateDirect(0);

    private final WeightFormat format;
    private final String name;
    private final int largest;

    /**
     * For a weight.
     *
     * @param format of it
     * @param name of it, for messages
     * @param largest bytes of codes that are written through one buffer
     */
    CodeFiller(WeightFormat format, String name, int largest) {
        this.format = format;
        this.name = name;
        this.largest = largest;
    }

    /**
     * Fills arrays.
     *
     * @param out rows
     * @param in columns
     * @param rows the values
     * @param codes receives codes, in any shape
     * @param scales receives scales, where the format has them
     * @throws IllegalArgumentException if a weight in groups has more codes than a buffer
     */
    void fill(int out, int in, WeightRows rows, NDArray codes, NDArray scales) {
        if (format.codeSize(out, in) <= largest) {
            format.pack(name, out, in, rows, codes.toByteBuffer(true), scales(scales, out, in));
            return;
        }
        if (format.group() > 0) {
            throw new IllegalArgumentException(
                    "'%s' (%d, %d) has %d bytes of %s, and a buffer ends at %d: choose another format for it"
                            .formatted(name, out, in, format.codeSize(out, in), format, largest));
        }
        boolean hasScales = format.scaleSize(out, in) > 0;
        int step = Math.toIntExact(Math.max(1, largest / format.codeSize(1, in)));
        try (NDArray matrix = codes.reshape(new Shape(out, in))) {
            for (int start = 0; start < out; start += step) {
                int first = start;
                int count = Math.min(step, out - start);
                // Without scales, whatever is given for them is not looked at.
                try (NDArray part = part(matrix, first, count);
                        NDArray steps = part(hasScales ? scales : matrix, first, count)) {
                    format.pack(
                            name,
                            count,
                            in,
                            (row, values) -> rows.read(first + row, values),
                            part.toByteBuffer(true),
                            scales(steps, count, in));
                }
            }
        }
    }

    /** Matrices below each other as one. */
    static WeightRows below(List<WeightRows> matrices, List<Integer> heights) {
        int[] starts = new int[heights.size() + 1];
        for (int i = 0; i < heights.size(); i++) {
            starts[i + 1] = starts[i] + heights.get(i);
        }
        return (row, values) -> {
            int which = 0;
            while (row >= starts[which + 1]) {
                which++;
            }
            matrices.get(which).read(row - starts[which], values);
        };
    }

    /** Rows of an array, in its memory. */
    static NDArray part(NDArray array, int first, int count) {
        return array.get(new NDIndex().addSliceDim(first, first + count));
    }

    private ByteBuffer scales(NDArray scales, int out, int in) {
        return format.scaleSize(out, in) == 0 ? NONE : scales.toByteBuffer(true);
    }
}
