package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.LayerNormSpec;
import io.github.djlblocks.kernel.NormKernels;
import io.github.djlblocks.kernel.RmsNormSpec;
import org.jspecify.annotations.Nullable;

/** Recorded norms. */
interface RecordingNorms extends NormKernels, Recording {

    @Override
    default NDArray rmsNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, RmsNormSpec spec) {
        return like("rmsNorm", x, x, weight, bias, spec);
    }

    @Override
    default NDArray layerNorm(
            NDArray x, @Nullable NDArray weight, @Nullable NDArray bias, LayerNormSpec spec) {
        return like("layerNorm", x, x, weight, bias, spec);
    }

    @Override
    default NDArray scaleNorm(NDArray x, NDArray gain, double epsilon) {
        return like("scaleNorm", x, x, gain, epsilon);
    }

    @Override
    default NDArray groupNorm(
            NDArray x,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            int groups,
            double epsilon) {
        return like("groupNorm", x, x, weight, bias, groups, epsilon);
    }

    @Override
    default NDArray dynamicTanh(
            NDArray x,
            NDArray alpha,
            @Nullable NDArray weight,
            @Nullable NDArray bias,
            boolean channelsFirst) {
        return like("dynamicTanh", x, x, alpha, weight, bias, channelsFirst);
    }
}
