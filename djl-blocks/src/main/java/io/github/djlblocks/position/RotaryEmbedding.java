package io.github.djlblocks.position;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.RotaryTable;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (RoPE): turns pairs of channels by an angle that grows with the
 * position.
 *
 * <p>For pair {@code i} at position {@code p}, with {@code a = p * f_i}: {@code (x1, x2) -> (x1 cos
 * a - x2 sin a, x2 cos a + x1 sin a)}. Inputs: x (B, H, S, D) and optionally positions (B, S) or
 * (1, S), INT64 or INT32, by default 0 to S - 1; output (B, H, S, D). Only the first {@code
 * rotaryDim} channels of a head are turned.
 *
 * <p>Su et al., arXiv 2104.09864; layouts as in Hugging Face {@code LlamaRotaryEmbedding} (halves)
 * and in the paper, GPT-J and Meta's Llama (interleaved). Angles are computed in float64: the
 * references' float32 angles are off by up to 6e-3 near position 100,000.
 */
public final class RotaryEmbedding extends KernelBlock {

    private final int headDim;
    private final RotarySpec spec;

    private RotaryEmbedding(int headDim, RotarySpec spec) {
        this.headDim = Checks.positive("headDim", headDim);
        this.spec = spec;
        if (spec.rotaryDim() > headDim) {
            throw new IllegalArgumentException(
                    "rotaryDim ("
                            + spec.rotaryDim()
                            + ") must not exceed headDim ("
                            + headDim
                            + ")");
        }
    }

    /**
     * Creates an embedding with given frequencies.
     *
     * @param headDim channels of a head, D
     * @param spec frequencies, layout and factor
     * @return the block
     * @throws IllegalArgumentException if there are more frequencies than pairs of channels
     */
    public static RotaryEmbedding of(int headDim, RotarySpec spec) {
        return new RotaryEmbedding(headDim, spec);
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Returns the channels of a head.
     *
     * @return D
     */
    public int getHeadDim() {
        return headDim;
    }

    /**
     * Computes the table of cosines and sines for positions, to be shared by every layer of a
     * forward pass.
     *
     * @param positions INT64 or INT32, (B, S) or (1, S)
     * @param dataType the type of the arrays that will be turned
     * @return the table
     */
    public RotaryTable table(NDArray positions, DataType dataType) {
        return Kernels.of(positions).rotaryTable(positions, spec, dataType);
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        if (inputShapes.length != 1 && inputShapes.length != 2) {
            throw new IllegalArgumentException(
                    "RotaryEmbedding takes x (B, H, S, D) and optionally positions (B, S), got "
                            + inputShapes.length
                            + " inputs");
        }
        Checks.rank("RotaryEmbedding", inputShapes[0], "x (B, H, S, D)", 4);
        Checks.lastAxis("RotaryEmbedding", inputShapes[0], "headDim", headDim);
        return new Shape[] {inputShapes[0]};
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        requireFloating(x);
        Kernels kernels = Kernels.of(x);
        NDArray positions = inputs.size() == 2 ? inputs.get(1) : kernels.positions(x, 2, 0);
        return new NDList(kernels.rotate(x, table(positions, x.getDataType())));
    }

    /** Builds a {@link RotaryEmbedding} with the standard frequencies. */
    public static final class Builder {

        private int headDim;
        private @Nullable Integer rotaryDim;
        private double theta = 10000;
        private RotaryLayout layout = RotaryLayout.HALF_SPLIT;

        private Builder() {}

        /**
         * Sets the channels of a head.
         *
         * @param headDim D; even unless a smaller rotaryDim is given
         * @return this builder
         */
        public Builder setHeadDim(int headDim) {
            this.headDim = headDim;
            return this;
        }

        /**
         * Sets how many channels of a head are turned, all by default.
         *
         * @param rotaryDim r, even, at most D
         * @return this builder
         */
        public Builder optRotaryDim(int rotaryDim) {
            this.rotaryDim = rotaryDim;
            return this;
        }

        /**
         * Sets the base of the frequencies, 10000 by default.
         *
         * @param theta above 0
         * @return this builder
         */
        public Builder optTheta(double theta) {
            this.theta = theta;
            return this;
        }

        /**
         * Sets which channels form a pair, halves by default.
         *
         * @param layout the layout
         * @return this builder
         */
        public Builder optLayout(RotaryLayout layout) {
            this.layout = layout;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a value is out of range or two do not fit together
         */
        public RotaryEmbedding build() {
            Checks.positive("headDim", headDim);
            if (rotaryDim == null && headDim % 2 != 0) {
                throw new IllegalArgumentException(
                        "headDim ("
                                + headDim
                                + ") must be even: rotary embedding pairs its channels");
            }
            int channels = rotaryDim == null ? headDim : rotaryDim;
            double[] frequencies = RotaryFrequencies.standard(theta, channels);
            return new RotaryEmbedding(headDim, new RotarySpec(frequencies, layout, 1));
        }
    }
}
