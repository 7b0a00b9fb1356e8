package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.kernel.SinusoidSpec;
import org.jspecify.annotations.Nullable;

/**
 * Absolute positions as fixed sines and cosines, added to the embeddings of the tokens.
 *
 * <p>{@code y = x + P[p]} with {@code P[p][2 i] = sin(p f_i)}, {@code P[p][2 i + 1] = cos(p f_i)},
 * {@code f_i = base^(-2 i / E)}, i from 0 to E / 2 - 1. Inputs: x (B, S, E) and optionally
 * positions p (B, S) or (1, S), INT64 or INT32, by default 0 to S - 1; y (B, S, E). There are no
 * parameters and no longest sequence.
 *
 * <p>Vaswani et al., arXiv 1706.03762, section 3.5. tensor2tensor, fairseq and Hugging Face's
 * M2M100 have the sines first and other frequencies, both options here; Marian has the sines first
 * and the frequencies of the paper. Angles are computed in float64.
 */
public final class SinusoidalPositions extends AddedRows {

    private final SinusoidSpec spec;

    private SinusoidalPositions(SinusoidSpec spec) {
        super("positions", spec.channels());
        this.spec = spec;
    }

    /**
     * Creates the positions of the paper.
     *
     * @param hiddenSize channels, E, even
     * @return the block
     * @throws IllegalArgumentException if hiddenSize is not positive and even
     */
    public static SinusoidalPositions of(int hiddenSize) {
        return builder().setHiddenSize(hiddenSize).build();
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    NDArray rows(ParameterStore store, NDArray indices, NDArray x, boolean training) {
        return Kernels.of(x).sinusoids(indices, spec, x.getDataType());
    }

    @Override
    NDArray indicesOf(Kernels kernels, NDArray x) {
        return kernels.positions(x, 1, Past.NONE);
    }

    /** Builds a {@link SinusoidalPositions}; the defaults are those of the paper. */
    public static final class Builder {

        private int channels;
        private double base = 10000;
        private SinusoidSpec.Layout layout = SinusoidSpec.Layout.INTERLEAVED;
        private SinusoidSpec.Spacing spacing = SinusoidSpec.Spacing.PAPER;
        private long offset;
        private @Nullable Long paddingPosition;

        private Builder() {}

        /**
         * Sets the channels.
         *
         * @param hiddenSize E, even
         * @return this builder
         */
        public Builder setHiddenSize(int hiddenSize) {
            this.channels = hiddenSize;
            return this;
        }

        /**
         * Sets the base of the frequencies, 10000 by default.
         *
         * @param base above 0
         * @return this builder
         */
        public Builder optBase(double base) {
            this.base = base;
            return this;
        }

        /**
         * Sets where the sine and the cosine of a frequency stand, side by side by default.
         *
         * @param layout the layout
         * @return this builder
         */
        public Builder optLayout(SinusoidSpec.Layout layout) {
            this.layout = layout;
            return this;
        }

        /**
         * Sets which frequencies there are, those of the paper by default.
         *
         * @param spacing the sequence of frequencies
         * @return this builder
         */
        public Builder optSpacing(SinusoidSpec.Spacing spacing) {
            this.spacing = spacing;
            return this;
        }

        /**
         * Adds to every position.
         *
         * @param offset 0 by default
         * @return this builder
         */
        public Builder optOffset(long offset) {
            this.offset = offset;
            return this;
        }

        /**
         * Gives zeros at a position, at none by default: {@code padding_idx} of fairseq.
         *
         * @param paddingPosition the position of padding, before the offset
         * @return this builder
         */
        public Builder optPaddingPosition(long paddingPosition) {
            this.paddingPosition = paddingPosition;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if hiddenSize is not positive and even, or base not
         *     positive
         */
        public SinusoidalPositions build() {
            return new SinusoidalPositions(
                    new SinusoidSpec(channels, base, layout, spacing, offset, paddingPosition));
        }
    }
}
