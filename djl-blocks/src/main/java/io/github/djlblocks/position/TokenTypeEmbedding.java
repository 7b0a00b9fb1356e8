package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;

/**
 * Token types, also called segments, from a learned table, added to the embeddings of the tokens:
 * which of two texts a token belongs to.
 *
 * <p>{@code y = x + weight[type]}. Inputs: x (B, S, E) and optionally types (B, S) or (1, S), INT64
 * or INT32, by default all 0; {@code weight} (types, E), normal with deviation 0.02 at first; y (B,
 * S, E). A type outside the table is an {@link IllegalArgumentException} on every engine.
 *
 * <p>Devlin et al., arXiv 1810.04805, section 3; {@code token_type_embeddings} of Hugging Face.
 */
public final class TokenTypeEmbedding extends AddedRows {

    private static final float INITIAL_DEVIATION = 0.02f;

    private final int types;
    private final Parameter weight;

    private TokenTypeEmbedding(int types, int channels) {
        super("types", channels);
        this.types = Checks.positive("types", types);
        weight =
                addParameter(
                        "weight",
                        new Shape(types, channels),
                        new NormalInitializer(INITIAL_DEVIATION));
    }

    /**
     * Creates a table.
     *
     * @param types how many types, 2 in BERT
     * @param hiddenSize channels, E
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static TokenTypeEmbedding of(int types, int hiddenSize) {
        return new TokenTypeEmbedding(types, hiddenSize);
    }

    /**
     * Returns how many types there are.
     *
     * @return rows of the table
     */
    public int getTypes() {
        return types;
    }

    @Override
    NDArray rows(ParameterStore store, NDArray indices, NDArray x, boolean training) {
        return Kernels.of(x).tableRows(indices, value(store, weight, x, training), 0, "token type");
    }

    @Override
    NDArray indicesOf(Kernels kernels, NDArray x) {
        return kernels.zeroIndices(x);
    }
}
