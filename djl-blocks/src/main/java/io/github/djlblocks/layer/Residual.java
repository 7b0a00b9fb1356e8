package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * A sublayer with a residual connection around it, and norms in one of the places the field puts
 * them.
 *
 * <p>{@link #pre} {@code y = x + f(norm(x))}; {@link #post} {@code y = norm(x + f(x))}; {@link
 * #sandwich} {@code y = x + outputNorm(f(norm(x)))}; {@link #output} {@code y = x +
 * outputNorm(f(x))}; {@link DeepNorm} {@code y = norm(alpha * x + f(x))}; with {@link
 * Builder#optNormedResidual} {@code y = norm(x) + f(norm(x))}. With all that {@link Builder} can
 * add, the branch f becomes {@code dropout(multiplier * gamma * outputNorm(f(...)))}. Two sublayers
 * side by side are {@link ParallelResidual}.
 *
 * <p>x and y have the same shape, (B, S, E). Further inputs and params go to the sublayer as they
 * are, and what it gives besides its first output comes after y, as it is. Parameters: {@code
 * norm.*}, {@code sublayer.*}, {@code outputNorm.*}, {@code layerScale.*}.
 */
public sealed class Residual extends KernelBlock permits DeepNorm {

    private final @Nullable Block inputNorm;
    private final @Nullable Block sumNorm;
    private final Block sublayer;
    private final @Nullable Block outputNorm;
    private final @Nullable LayerScale layerScale;
    private final boolean normedResidual;
    private final double residualWeight;
    private final double multiplier;
    private final double dropout;

    @SuppressWarnings("this-escape") // addChildBlock is final and only stores
    Residual(Builder builder) {
        if (builder.sublayer == null) {
            throw new IllegalArgumentException("the sublayer is missing: call setSublayer");
        }
        if (builder.inputNorm != null && builder.sumNorm != null) {
            throw new IllegalArgumentException(
                    "inputNorm is pre-norm and sumNorm post-norm: give one of the two");
        }
        if (builder.normedResidual && builder.inputNorm == null) {
            throw new IllegalArgumentException(
                    "optNormedResidual adds the normed input, but there is no input norm: call"
                            + " optInputNorm");
        }
        normedResidual = builder.normedResidual;
        inputNorm = child("norm", builder.inputNorm);
        sumNorm = child("norm", builder.sumNorm);
        sublayer = addChildBlock("sublayer", builder.sublayer);
        outputNorm = child("outputNorm", builder.outputNorm);
        layerScale = child("layerScale", builder.layerScale);
        residualWeight = Checks.positive("residualWeight", builder.residualWeight);
        multiplier = Checks.positive("multiplier", builder.multiplier);
        dropout = Checks.rate("dropout", builder.dropout);
    }

    private <T extends Block> @Nullable T child(String name, @Nullable T block) {
        return block == null ? null : addChildBlock(name, block);
    }

    /**
     * Pre-norm: {@code y = x + f(norm(x))}, as in GPT-2 and Llama (arXiv 2002.04745).
     *
     * @param norm any norm of the last axis
     * @param sublayer attention or feed-forward
     * @return the block
     */
    public static Residual pre(Block norm, Block sublayer) {
        return builder().setSublayer(sublayer).optInputNorm(norm).build();
    }

    /**
     * Post-norm: {@code y = norm(x + f(x))}, as in the original transformer (arXiv 1706.03762).
     *
     * @param norm any norm of the last axis
     * @param sublayer attention or feed-forward
     * @return the block
     */
    public static Residual post(Block norm, Block sublayer) {
        return builder().setSublayer(sublayer).optSumNorm(norm).build();
    }

    /**
     * Sandwich norm: {@code y = x + outputNorm(f(norm(x)))}, as in CogView (arXiv 2105.13290) and
     * Gemma 2.
     *
     * @param inputNorm any norm of the last axis
     * @param sublayer attention or feed-forward
     * @param outputNorm any norm of the last axis
     * @return the block
     */
    public static Residual sandwich(Block inputNorm, Block sublayer, Block outputNorm) {
        return builder()
                .setSublayer(sublayer)
                .optInputNorm(inputNorm)
                .optOutputNorm(outputNorm)
                .build();
    }

    /**
     * A norm of what the sublayer gives: {@code y = x + outputNorm(f(x))}, as in Swin V2 (arXiv
     * 2111.09883) and OLMo 2 (arXiv 2501.00656).
     *
     * @param sublayer attention or feed-forward
     * @param outputNorm any norm of the last axis
     * @return the block
     */
    public static Residual output(Block sublayer, Block outputNorm) {
        return builder().setSublayer(sublayer).optOutputNorm(outputNorm).build();
    }

    /**
     * Returns a builder, of no norm at first: {@code y = x + f(x)}.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        Shape[] x = {inputShapes[0]};
        Block norm = inputNorm == null ? sumNorm : inputNorm;
        if (norm != null) {
            requireKept("norm", x[0], norm.getOutputShapes(x)[0]);
        }
        Shape[] outputs = sublayer.getOutputShapes(inputShapes).clone();
        requireKept("sublayer", x[0], outputs[0]);
        if (outputNorm != null) {
            requireKept("output norm", x[0], outputNorm.getOutputShapes(x)[0]);
        }
        if (layerScale != null) {
            layerScale.getOutputShapes(x);
        }
        return outputs;
    }

    static void requireKept(String part, Shape x, Shape given) {
        if (!given.equals(x)) {
            throw new IllegalArgumentException(
                    "a residual connection keeps the shape of its input "
                            + x
                            + ", but its "
                            + part
                            + " gives "
                            + given);
        }
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length == 0) {
            throw new IllegalArgumentException(
                    getClass().getSimpleName() + " takes x (B, S, E), got no input");
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        for (Block child : getChildren().values()) {
            if (child.equals(sublayer)) {
                child.initialize(manager, dataType, inputShapes);
            } else {
                child.initialize(manager, dataType, inputShapes[0]);
            }
        }
    }

    @Override
    protected final NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray normed = normed(store, inputs.get(0), training);
        NDArray x = normedResidual ? normed : inputs.get(0);
        NDList outputs = fed(store, withFirst(normed, inputs), training, params);
        NDArray sum = Kernels.of(x).add(x, residualWeight, outputs.get(0));
        NDArray y = sumNorm == null ? sum : call(sumNorm, store, sum, training, null);
        return withFirst(y, outputs);
    }

    /** Whether this is an addition to x and nothing more, so that others can be added beside it. */
    boolean isPlainSum() {
        return sumNorm == null && residualWeight == 1 && !normedResidual;
    }

    boolean hasInputNorm() {
        return inputNorm != null;
    }

    /** What is added to x, and what the sublayer gives besides. */
    NDList branch(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray normed = normed(store, inputs.get(0), training);
        return fed(store, withFirst(normed, inputs), training, params);
    }

    private NDArray normed(ParameterStore store, NDArray x, boolean training) {
        return inputNorm == null ? x : call(inputNorm, store, x, training, null);
    }

    private NDList fed(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDList outputs = callAll(sublayer, store, inputs, training, params);
        NDArray y = outputs.get(0);
        if (outputNorm != null) {
            y = call(outputNorm, store, y, training, null);
        }
        if (layerScale != null) {
            y = call(layerScale, store, y, training, null);
        }
        y = Kernels.of(y).scale(y, multiplier);
        if (training && dropout > 0) {
            y = Kernels.of(y).dropout(y, dropout);
        }
        return withFirst(y, outputs);
    }

    /** The list with another first array. */
    static NDList withFirst(NDArray first, NDList list) {
        NDList changed = new NDList(first);
        changed.addAll(list.subNDList(1));
        return changed;
    }

    /** Builds a {@link Residual}. */
    public static final class Builder {

        private @Nullable Block inputNorm;
        private @Nullable Block sumNorm;
        private @Nullable Block sublayer;
        private @Nullable Block outputNorm;
        private @Nullable LayerScale layerScale;
        private boolean normedResidual;
        private double residualWeight = 1;
        private double multiplier = 1;
        private double dropout;

        private Builder() {}

        /**
         * Sets the sublayer.
         *
         * @param sublayer keeps the shape of its first input
         * @return this builder
         */
        public Builder setSublayer(Block sublayer) {
            this.sublayer = sublayer;
            return this;
        }

        /**
         * Sets a norm in front of the sublayer (pre-norm).
         *
         * @param norm any norm of the last axis
         * @return this builder
         */
        public Builder optInputNorm(Block norm) {
            this.inputNorm = norm;
            return this;
        }

        /**
         * Adds the branch to the normed input in place of the input: {@code
         * apply_residual_connection_post_layernorm} of BLOOM and Megatron.
         *
         * @param normed false by default; true needs an input norm
         * @return this builder
         */
        public Builder optNormedResidual(boolean normed) {
            this.normedResidual = normed;
            return this;
        }

        /**
         * Sets a norm of the sum (post-norm).
         *
         * @param norm any norm of the last axis
         * @return this builder
         */
        public Builder optSumNorm(Block norm) {
            this.sumNorm = norm;
            return this;
        }

        /**
         * Sets a norm of what the sublayer gives.
         *
         * @param norm any norm of the last axis
         * @return this builder
         */
        public Builder optOutputNorm(Block norm) {
            this.outputNorm = norm;
            return this;
        }

        /**
         * Multiplies each channel of the branch by a learnt factor (CaiT, arXiv 2103.17239).
         *
         * @param layerScale its factors
         * @return this builder
         */
        public Builder optLayerScale(LayerScale layerScale) {
            this.layerScale = layerScale;
            return this;
        }

        /**
         * Multiplies x where it is added, 1 by default (DeepNorm's alpha).
         *
         * @param residualWeight a finite number above 0
         * @return this builder
         */
        public Builder optResidualWeight(double residualWeight) {
            this.residualWeight = residualWeight;
            return this;
        }

        /**
         * Multiplies the branch where it is added, 1 by default: {@code residual_multiplier} of
         * Granite, {@code scale_depth / sqrt(layers)} of MiniCPM.
         *
         * @param multiplier a finite number above 0
         * @return this builder
         */
        public Builder optMultiplier(double multiplier) {
            this.multiplier = multiplier;
            return this;
        }

        /**
         * Drops elements of the branch in training, last of all, none by default.
         *
         * @param rate from 0 to below 1
         * @return this builder
         */
        public Builder optDropout(double rate) {
            this.dropout = rate;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if the sublayer is missing, a value is out of range, or
         *     there are an input norm and a norm of the sum
         */
        public Residual build() {
            return new Residual(this);
        }
    }
}
