package io.github.djlblocks.training;

import ai.djl.nn.Block;
import ai.djl.training.loss.Loss;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.optimizer.AdamW;
import org.jspecify.annotations.Nullable;

/** Builds a {@link TrainingRun}. */
public final class TrainingRunBuilder {

    private @Nullable Block block;
    private @Nullable Loss loss;
    private @Nullable AdamW optimizer;
    private @Nullable BatchSource data;
    private int accumulation = 1;
    private double clipNorm = Double.POSITIVE_INFINITY;
    private boolean checkpointing;
    private long seed;

    TrainingRunBuilder() {}

    /**
     * Sets what is trained.
     *
     * @param newBlock the block, initialised or loaded; what is frozen stays as it is
     * @return this builder
     */
    public TrainingRunBuilder setBlock(Block newBlock) {
        block = newBlock;
        return this;
    }

    /**
     * Sets the loss.
     *
     * @param newLoss a mean over what it compares, as {@link MaskedCrossEntropyLoss}
     * @return this builder
     */
    public TrainingRunBuilder setLoss(Loss newLoss) {
        loss = newLoss;
        return this;
    }

    /**
     * Sets the optimizer.
     *
     * @param newOptimizer built for the block; it stays the caller's
     * @return this builder
     */
    public TrainingRunBuilder setOptimizer(AdamW newOptimizer) {
        optimizer = newOptimizer;
        return this;
    }

    /**
     * Sets what is learnt from.
     *
     * @param newData batches by number
     * @return this builder
     */
    public TrainingRunBuilder setData(BatchSource newData) {
        data = newData;
        return this;
    }

    /**
     * Sets how many batches one update reads, 1 by default.
     *
     * @param batches at least 1
     * @return this builder
     */
    public TrainingRunBuilder optAccumulation(int batches) {
        accumulation = batches;
        return this;
    }

    /**
     * Bounds the length of all gradients as one vector; by default there is no bound.
     *
     * @param bound above 0, by custom 1
     * @return this builder
     */
    public TrainingRunBuilder optClipNorm(double bound) {
        clipNorm = bound;
        return this;
    }

    /**
     * Sets whether layers are computed again in the backward pass rather than kept, as {@link
     * io.github.djlblocks.kernel.ActivationCheckpoints} says; not by default. For decoders and
     * encoders that run alone.
     *
     * @param again whether they are
     * @return this builder
     */
    public TrainingRunBuilder optActivationCheckpointing(boolean again) {
        checkpointing = again;
        return this;
    }

    /**
     * Sets the seed of dropout, 0 by default.
     *
     * @param newSeed any number
     * @return this builder
     */
    public TrainingRunBuilder optSeed(long newSeed) {
        seed = newSeed;
        return this;
    }

    /**
     * Builds the run.
     *
     * @return the run, at step 0; to be closed
     * @throws IllegalArgumentException if something is missing or out of range, or a parameter has
     *     no values, or none wants a gradient, or the optimizer was built for other parameters
     */
    public TrainingRun build() {
        Checks.positive("accumulation", accumulation);
        if (!(clipNorm > 0)) {
            throw new IllegalArgumentException("clipNorm (" + clipNorm + ") must be above 0");
        }
        return new TrainingRun(this);
    }

    private static <T> T required(@Nullable T value, String setter) {
        if (value == null) {
            throw new IllegalArgumentException("something is missing: call " + setter);
        }
        return value;
    }

    Block block() {
        return required(block, "setBlock");
    }

    Loss loss() {
        return required(loss, "setLoss");
    }

    AdamW optimizer() {
        return required(optimizer, "setOptimizer");
    }

    BatchSource data() {
        return required(data, "setData");
    }

    int accumulation() {
        return accumulation;
    }

    double clipNorm() {
        return clipNorm;
    }

    boolean checkpointing() {
        return checkpointing;
    }

    long seed() {
        return seed;
    }
}
