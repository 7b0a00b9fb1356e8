package io.github.djlblocks.graph;

import ai.djl.ndarray.NDArray;
import io.github.djlblocks.kernel.Pooling;
import io.github.djlblocks.kernel.SequenceKernels;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Recorded pooling and what else heads do. */
interface RecordingSequences extends SequenceKernels, Recording {

    @Override
    default NDArray pool(NDArray x, @Nullable NDArray attentionMask, Pooling pooling) {
        if (attentionMask != null) {
            boolean fits =
                    attentionMask.getShape().dimension() == 2
                            && Recording.broadcasts(
                                    attentionMask.getShape(), x.getShape().slice(0, 2))
                            && dim(attentionMask, 1).hint() == dim(x, 1).hint()
                            && !attentionMask.getDataType().isFloating();
            Recording.require(fits, "the attention mask does not fit", x, attentionMask);
        }
        return shaped("pool", List.of(dim(x, 0), dim(x, 2)), x, x, attentionMask, pooling);
    }

    @Override
    default NDArray channel(NDArray x, int channel) {
        List<Dim> dims = dims(x);
        return shaped("channel", dims.subList(0, dims.size() - 1), x, x, channel);
    }

    @Override
    default NDArray unitNorm(NDArray x, double epsilon) {
        return like("unitNorm", x, x, epsilon);
    }

    @Override
    default NDArray crossEntropy(
            NDArray logits, NDArray labels, long ignoredLabel, double smoothing) {
        throw Recording.refused("crossEntropy", "it reads labels on the host");
    }
}
