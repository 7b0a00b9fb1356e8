package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The primitives, written down instead of computed. Each knows the extents and the type of its
 * result, and refuses what the computation would refuse but a later broadcast might not.
 */
final class RecordingKernels
        implements Kernels,
                RecordingNorms,
                RecordingActivations,
                RecordingPositions,
                RecordingAttention,
                RecordingCaches,
                RecordingRouting,
                RecordingSequences,
                RecordingAdapters {

    private final Recorder recorder;

    RecordingKernels(Recorder recorder) {
        this.recorder = recorder;
    }

    @Override
    public Recorder recorder() {
        return recorder;
    }

    @Override
    public NDArray add(NDArray x, double alpha, NDArray r) {
        Recording.requireSame("arrays that are added must have one shape", x, r);
        return like("add", x, x, alpha, r);
    }

    @Override
    public NDArray scale(NDArray x, double factor) {
        return factor == 1 ? x : like("scale", x, x, factor);
    }

    @Override
    public NDArray scale(NDArray x, NDArray factor) {
        return like("scaleChannels", x, x, factor);
    }

    @Override
    public NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
        Recording.require(
                dim(x, -1).hint() == dim(weight, 1).hint(), "x does not fit the weight", x, weight);
        return shaped("linear", withLast(x, dim(weight, 0)), x, x, weight, bias);
    }

    @Override
    public NDArray embedding(NDArray ids, NDArray table) {
        List<Dim> dims = new ArrayList<>(dims(ids));
        dims.add(dim(table, 1));
        return shaped("embedding", dims, table, ids, table);
    }

    @Override
    public NDArray lastPosition(NDArray x) {
        return shaped("lastPosition", List.of(dim(x, 0), Dim.ONE, dim(x, 2)), x, x);
    }

    @Override
    public NDArray argMax(NDArray x) {
        List<Dim> dims = dims(x);
        return recorder.call("argMax", dims.subList(0, dims.size() - 1), DataType.INT64, x);
    }

    @Override
    public boolean isFinite(NDArray x) {
        throw Recording.refused("isFinite", "it reads numbers back to the host");
    }

    @Override
    public NDArray dropout(NDArray x, double rate) {
        throw Recording.refused("dropout", "it draws random numbers");
    }
}
