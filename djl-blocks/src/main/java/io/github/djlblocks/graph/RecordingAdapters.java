package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.AdapterKernels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Recorded maps of low rank. */
interface RecordingAdapters extends AdapterKernels, Recording {

    @Override
    default NDArray lowRank(NDArray x, NDArray down, NDArray up, @Nullable NDArray bias) {
        Recording.require(
                dim(x, -1).hint() == dim(down, 1).hint(), "x does not fit the adapter", x, down);
        return shaped("lowRank", withLast(x, dim(up, 0)), x, x, down, up, bias);
    }

    @Override
    default NDArray addLowRank(NDArray weight, NDArray down, NDArray up, double factor) {
        return like("addLowRank", weight, weight, down, up, factor);
    }

    @Override
    default NDArray perRowLength(NDArray magnitude, NDArray matrix) {
        return like("perRowLength", magnitude, magnitude, matrix);
    }

    @Override
    default NDArray scaleRows(NDArray matrix, NDArray factors) {
        return like("scaleRows", matrix, matrix, factors);
    }

    @Override
    default NDArray rowLengths(NDArray matrix) {
        return shaped("rowLengths", List.of(dim(matrix, 0)), matrix, matrix);
    }

    @Override
    default void overwrite(NDArray target, NDArray values) {
        throw Recording.refused("overwrite", "it changes an array that is there");
    }
}
