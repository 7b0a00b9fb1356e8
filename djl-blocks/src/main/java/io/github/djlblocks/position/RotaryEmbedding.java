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
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.kernel.RotaryDecay;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.RotaryTable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rotary position embedding (RoPE): turns pairs of channels by an angle that grows with the
 * position.
 *
 * <p>For pair {@code i} at position {@code p}, with {@code a = p * f_i}: {@code (x1, x2) -> (x1 cos
 * a - x2 sin a, x2 cos a + x1 sin a)}. Inputs: x (B, H, S, D) and optionally positions (B, S) or
 * (1, S), INT64 or INT32, by default 0 to S - 1; output (B, H, S, D). Only the first {@code
 * rotaryDim} channels of a head are turned. With a {@link RotarySpec} of several axes the positions
 * may be (axes, B, S) or (axes, 1, S); with xPos the block turns queries, and {@link #forKeys}
 * keys.
 *
 * <p>A table depends on the {@link #getSpec spec} and on the positions alone: embeddings of equal
 * specs can share one. Frequencies that depend on the length of the sequence take the largest
 * position of the pass plus one for it.
 *
 * <p>Su et al., arXiv 2104.09864; layouts as in Hugging Face {@code LlamaRotaryEmbedding} (halves)
 * and in the paper, GPT-J and Meta's Llama (interleaved). Angles are computed in float64: the
 * references' float32 angles are off by up to 6e-3 near position 100,000.
 */
public final class RotaryEmbedding extends KernelBlock {

    private final int headDim;
    private final RotarySpec spec;
    private final boolean keys;

    private RotaryEmbedding(int headDim, RotarySpec spec, boolean keys) {
        this.keys = keys;
        this.headDim = Checks.positive("headDim", headDim);
        this.spec = spec;
        Checks.atMost("rotaryDim", spec.rotaryDim(), "headDim", headDim);
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
        return new RotaryEmbedding(headDim, spec, false);
    }

    /**
     * Returns the embedding of the keys that go with the queries of this one: other than this only
     * with xPos, which lets queries grow and keys shrink.
     *
     * @return a block that turns keys
     */
    public RotaryEmbedding forKeys() {
        return new RotaryEmbedding(headDim, spec, true);
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
     * Returns how positions become angles.
     *
     * @return frequencies, layout and factor
     */
    public RotarySpec getSpec() {
        return spec;
    }

    /**
     * Computes the table of cosines and sines for positions, to be shared by every layer of a
     * forward pass. Queries turn by its {@link RotaryTable#forQueries}, keys by its {@link
     * RotaryTable#forKeys}, which are the same but with xPos.
     *
     * @param positions INT64 or INT32, (B, S) or (1, S); of several axes also (axes, B, S)
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
        NDArray positions = inputs.size() == 2 ? inputs.get(1) : kernels.positions(x, 2, Past.NONE);
        RotaryTable table = table(positions, x.getDataType());
        return new NDList(kernels.rotate(x, keys ? table.forKeys() : table.forQueries()));
    }

    /** Builds a {@link RotaryEmbedding}; by default with the standard frequencies. */
    public static final class Builder {

        private int headDim;
        private @Nullable Integer rotaryDim;
        private double theta = 10000;
        private RotaryLayout layout = RotaryLayout.HALF_SPLIT;
        private RotaryScaling scaling = RotaryScaling.none();
        private List<Integer> axes = List.of();
        private @Nullable RotaryDecay decay;

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
         * Sets how frequencies change for long sequences, not at all by default.
         *
         * @param scaling the method
         * @return this builder
         */
        public Builder optScaling(RotaryScaling scaling) {
            this.scaling = scaling;
            return this;
        }

        /**
         * Sets which axis of the positions turns each pair, for positions of several axes.
         *
         * @param axes as {@link RotaryAxes} makes them
         * @return this builder
         */
        public Builder optAxes(List<Integer> axes) {
            this.axes = List.copyOf(axes);
            return this;
        }

        /**
         * Lets queries grow and keys shrink with the position: xPos.
         *
         * @param decay such as {@link RotaryDecay#PAPER}
         * @return this builder
         */
        public Builder optDecay(RotaryDecay decay) {
            this.decay = decay;
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
            RotarySpec spec = scaling.spec(theta, channels, layout).withAxes(axes);
            return of(headDim, decay == null ? spec : spec.withDecay(decay));
        }
    }
}
