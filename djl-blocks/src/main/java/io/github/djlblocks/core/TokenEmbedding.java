package io.github.djlblocks.core;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a table, looked up by token id.
 *
 * <p>ids (B, S), INT64 or INT32; {@code weight} (V, E), normal with deviation 0.02 at first; output
 * (B, S, E). An id outside the table is an {@link IllegalArgumentException} on every engine (MXNet
 * alone would clip it).
 *
 * <p>The same table can serve as the head of a language model (tied weights): {@link #project}.
 */
public final class TokenEmbedding extends UnaryBlock {

    private static final float INITIAL_DEVIATION = 0.02f;

    private final int size;
    private final int channels;
    private final Parameter weight;

    private TokenEmbedding(int size, int channels) {
        super("ids (B, S)");
        this.size = Checks.positive("vocabularySize", size);
        this.channels = Checks.positive("hiddenSize", channels);
        weight =
                addParameter(
                        "weight",
                        new Shape(size, channels),
                        new NormalInitializer(INITIAL_DEVIATION));
    }

    /**
     * Creates a table.
     *
     * @param vocabularySize rows, V
     * @param hiddenSize channels, E
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static TokenEmbedding of(int vocabularySize, int hiddenSize) {
        return new TokenEmbedding(vocabularySize, hiddenSize);
    }

    /**
     * Returns the number of rows.
     *
     * @return V
     */
    public int getVocabularySize() {
        return size;
    }

    /**
     * Returns the number of channels.
     *
     * @return E
     */
    public int getHiddenSize() {
        return channels;
    }

    /**
     * Uses the table as a linear map from channels to logits: {@code x W^T}.
     *
     * @param store where the table's value is
     * @param x (..., E)
     * @param training whether this is a training pass
     * @return (..., V)
     */
    public NDArray project(ParameterStore store, NDArray x, boolean training) {
        return project(store, x, null, training);
    }

    /**
     * Uses the table as a linear map from channels to logits: {@code x W^T + b}.
     *
     * @param store where the table's value is
     * @param x (..., E)
     * @param bias (V), or none
     * @param training whether this is a training pass
     * @return (..., V)
     */
    public NDArray project(
            ParameterStore store, NDArray x, @Nullable NDArray bias, boolean training) {
        return Kernels.of(x).linear(x, value(store, weight, x, training), bias);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.rank("TokenEmbedding", input, "ids (B, S)", 2);
        return input.add(channels);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray ids,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Kernels.of(ids).embedding(ids, fetch(store, weight, ids.getDevice(), training));
    }
}
