package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Pooling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One vector of a sequence, or several joined.
 *
 * <p>Inputs: x (B, S, E), and optionally an attention mask (B, S) or (1, S), 1 where a token stands
 * and 0 where padding stands. Output (B, n * E) for n modes, in their order. Of a sequence that is
 * all padding, {@link Pooling#FIRST} gives the first vector, any other mode 0.
 *
 * <p>Reimers and Gurevych, arXiv 1908.10084; as {@code sentence_transformers.models.Pooling}, which
 * differs for {@link Pooling#MAX} of a sequence that is all padding: there it gives -1e9.
 */
public final class SequencePooling extends KernelBlock {

    private final List<Pooling> modes;

    private SequencePooling(List<Pooling> modes) {
        if (modes.isEmpty()) {
            throw new IllegalArgumentException("pooling needs at least one mode");
        }
        this.modes = List.copyOf(modes);
    }

    /**
     * Creates the block.
     *
     * @param modes one or several, in the order their vectors are joined
     * @return the block
     * @throws IllegalArgumentException if there is none
     */
    public static SequencePooling of(Pooling... modes) {
        return new SequencePooling(List.of(modes));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        Shape x = SequenceInputs.require("SequencePooling", inputShapes);
        long channels = x.get(2) == -1 ? -1 : x.get(2) * modes.size();
        return new Shape[] {new Shape(x.get(0), channels)};
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        requireFloating(x);
        NDArray mask = inputs.size() > 1 ? inputs.get(1) : null;
        Kernels kernels = Kernels.of(x);
        NDArray y = kernels.pool(x, mask, modes.get(0));
        for (Pooling mode : modes.subList(1, modes.size())) {
            y = kernels.joinChannels(y, kernels.pool(x, mask, mode));
        }
        return new NDList(y);
    }
}
