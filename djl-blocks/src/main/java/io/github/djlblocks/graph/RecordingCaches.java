package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.CacheKernels;

/** What caches do is recorded by whoever runs the graph; here are numbers of one call. */
interface RecordingCaches extends CacheKernels, Recording {

    @Override
    default NDArray appendTime(NDArray past, NDArray next) {
        Dim steps = Dim.symbol(dim(past, 2).hint() + dim(next, 2).hint());
        return shaped("appendTime", Recording.replaced(dims(past), 2, steps), past, past, next);
    }

    @Override
    default NDArray sliceTime(NDArray x, long from, long to) {
        throw Recording.refused("sliceTime", "its range is that of one call");
    }

    @Override
    default NDArray newTimeBuffer(NDArray like, long capacity) {
        throw Recording.refused("newTimeBuffer", "a buffer outlives the call");
    }

    @Override
    default void writeTime(NDArray buffer, NDArray next, long... at) {
        throw Recording.refused("writeTime", "its steps are those of one call");
    }

    @Override
    default NDArray selectRows(NDArray x, int... rows) {
        throw Recording.refused("selectRows", "its rows are those of one call");
    }
}
