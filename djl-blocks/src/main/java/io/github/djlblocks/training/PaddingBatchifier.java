package io.github.djlblocks.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.Batchifier;
import java.util.Arrays;

/** Stacks integer sequences of different lengths, each array with its own padding. */
final class PaddingBatchifier implements Batchifier {

    private static final long serialVersionUID = 1L;

    private final int length;
    private final long[] padding;

    /**
     * Creates one.
     *
     * @param length of every batch, or 0 for that of its longest sequence
     * @param padding for each array of a record, what fills it up
     */
    PaddingBatchifier(int length, long... padding) {
        this.length = length;
        this.padding = padding.clone();
    }

    @Override
    public NDList batchify(NDList[] inputs) {
        NDList batch = new NDList();
        for (int array = 0; array < padding.length; array++) {
            batch.add(stack(inputs, array));
        }
        return batch;
    }

    private NDArray stack(NDList[] inputs, int array) {
        int width = length;
        if (width == 0) {
            for (NDList input : inputs) {
                width = Math.max(width, Math.toIntExact(input.get(array).size()));
            }
        }
        long[] rows = new long[inputs.length * width];
        Arrays.fill(rows, padding[array]);
        for (int row = 0; row < inputs.length; row++) {
            long[] tokens = inputs[row].get(array).toLongArray();
            System.arraycopy(tokens, 0, rows, row * width, tokens.length);
        }
        return inputs[0].get(array).getManager().create(rows, new Shape(inputs.length, width));
    }

    @Override
    public NDList[] unbatchify(NDList inputs) {
        return STACK.unbatchify(inputs);
    }

    @Override
    public NDList[] split(NDList list, int numOfSlices, boolean evenSplit) {
        return STACK.split(list, numOfSlices, evenSplit);
    }
}
