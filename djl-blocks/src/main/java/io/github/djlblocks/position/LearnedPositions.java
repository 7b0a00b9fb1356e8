package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;

/**
 * Absolute positions from a learned table, added to the embeddings of the tokens.
 *
 * <p>{@code y = x + weight[p + offset]}. Inputs: x (B, S, E) and optionally positions p (B, S) or
 * (1, S), INT64 or INT32, by default 0 to S - 1; {@code weight} (positions + offset, E), normal
 * with deviation 0.02 at first; y (B, S, E). A position whose row is not in the table is an {@link
 * IllegalArgumentException} on every engine.
 *
 * <p>As in BERT (arXiv 1810.04805) and GPT-2; Hugging Face's BART and OPT keep two unused rows in
 * front of the table: offset 2. RoBERTa counts the tokens that are no padding from {@code
 * paddingIndex + 1} on, with padding itself at paddingIndex: see {@link
 * io.github.djlblocks.kernel.PositionKernels#maskedPositions}.
 */
public final class LearnedPositions extends AddedRows {

    private static final float INITIAL_DEVIATION = 0.02f;

    private final int positions;
    private final int offset;
    private final Parameter weight;

    private LearnedPositions(int positions, int channels, int offset) {
        super("positions", channels);
        this.positions = Checks.positive("positions", positions);
        this.offset = offset;
        if (offset < 0) {
            throw new IllegalArgumentException(
                    "offset (" + offset + ") must be at least 0: it counts rows in front");
        }
        weight =
                addParameter(
                        "weight",
                        new Shape(Math.addExact(positions, offset), channels),
                        new NormalInitializer(INITIAL_DEVIATION));
    }

    /**
     * Creates a table without rows in front.
     *
     * @param positions how many positions it has
     * @param hiddenSize channels, E
     * @return the block
     * @throws IllegalArgumentException if a size is below one
     */
    public static LearnedPositions of(int positions, int hiddenSize) {
        return new LearnedPositions(positions, hiddenSize, 0);
    }

    /**
     * Creates a table with rows in front.
     *
     * @param positions how many positions it has, besides those rows
     * @param hiddenSize channels, E
     * @param offset the row of position 0: 2 in BART and OPT
     * @return the block
     * @throws IllegalArgumentException if a size is below one or offset is negative
     */
    public static LearnedPositions withOffset(int positions, int hiddenSize, int offset) {
        return new LearnedPositions(positions, hiddenSize, offset);
    }

    /**
     * Returns how many positions there are.
     *
     * @return the length of the longest sequence
     */
    public int getPositions() {
        return positions;
    }

    /**
     * Returns the row of position 0.
     *
     * @return the offset
     */
    public int getOffset() {
        return offset;
    }

    @Override
    NDArray rows(ParameterStore store, NDArray indices, NDArray x, boolean training) {
        return Kernels.of(x)
                .tableRows(indices, value(store, weight, x, training), offset, "position");
    }

    @Override
    NDArray indicesOf(Kernels kernels, NDArray x) {
        return kernels.positions(x, 1, Past.NONE);
    }
}
