package io.github.djlblocks.optimizer;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiPredicate;

/** Builds an {@link AdamW}. */
public final class AdamWBuilder extends Optimizer.OptimizerBuilder<AdamWBuilder> {

    private final Block block;
    private final List<Group> groups = new ArrayList<>();
    private Tracker learningRate = Tracker.fixed(0.001f);
    private BiPredicate<String, Parameter> noDecay = AdamWBuilder::isSmall;
    private double beta1 = 0.9;
    private double beta2 = 0.999;
    private double epsilon = 1e-8;
    private double decay = 0.01;

    AdamWBuilder(Block block) {
        this.block = block;
    }

    /** Shapes that a block of DJL learns from its inputs are not known yet: its type is. */
    private static boolean isSmall(String path, Parameter parameter) {
        return switch (parameter.getType()) {
            case BIAS, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR -> true;
            default -> parameter.getShape() != null && parameter.getShape().dimension() < 2;
        };
    }

    @Override
    protected AdamWBuilder self() {
        return this;
    }

    /**
     * Sets the learning rate, 0.001 by default.
     *
     * @param rate the rate by update, from 1, as {@link WarmUpCosine}
     * @return this builder
     */
    public AdamWBuilder optLearningRate(Tracker rate) {
        learningRate = rate;
        return this;
    }

    /**
     * Sets how slowly mean and variance change, 0.9 and 0.999 by default.
     *
     * @param newBeta1 of the mean, from 0 to below 1
     * @param newBeta2 of the variance, from 0 to below 1
     * @return this builder
     */
    public AdamWBuilder optBetas(double newBeta1, double newBeta2) {
        beta1 = newBeta1;
        beta2 = newBeta2;
        return this;
    }

    /**
     * Sets what is added to the root of the variance, 1e-8 by default.
     *
     * @param newEpsilon above 0
     * @return this builder
     */
    public AdamWBuilder optEpsilon(double newEpsilon) {
        epsilon = newEpsilon;
        return this;
    }

    /**
     * Sets the weight decay of what decays, 0.01 by default.
     *
     * @param newDecay 0 for none
     * @return this builder
     */
    public AdamWBuilder optWeightDecay(double newDecay) {
        decay = newDecay;
        return this;
    }

    /**
     * Sets what does not decay; by default biases, weights of norms, and all else of less than two
     * axes.
     *
     * @param members path and parameter to whether it does not
     * @return this builder
     */
    public AdamWBuilder optNoDecay(BiPredicate<String, Parameter> members) {
        noDecay = members;
        return this;
    }

    /**
     * Adds a group; of several that a parameter is in, the one added last holds.
     *
     * @param members path and parameter to whether it is in the group
     * @param groupDecay their weight decay
     * @param rateFactor what their learning rate is multiplied with
     * @return this builder
     * @throws IllegalArgumentException if a value is negative
     */
    public AdamWBuilder addGroup(
            BiPredicate<String, Parameter> members, double groupDecay, double rateFactor) {
        if (!(groupDecay >= 0 && rateFactor >= 0)) {
            throw new IllegalArgumentException(
                    "decay ("
                            + groupDecay
                            + ") and rate factor ("
                            + rateFactor
                            + ") of a group must not be negative");
        }
        groups.add(new Group(members, groupDecay, rateFactor));
        return this;
    }

    /**
     * Builds the optimizer.
     *
     * @return the optimizer
     * @throws IllegalArgumentException if a value is out of range
     */
    public AdamW build() {
        if (!(decay >= 0)) {
            throw new IllegalArgumentException("weight decay (" + decay + ") must not be negative");
        }
        return new AdamW(this);
    }

    /** A parameter's own settings: those of the last group it is in, or the common ones. */
    Group groupOf(String path, Parameter parameter) {
        Group own = new Group(noDecay, noDecay.test(path, parameter) ? 0 : decay, 1);
        for (Group group : groups) {
            own = group.members().test(path, parameter) ? group : own;
        }
        return own;
    }

    Block block() {
        return block;
    }

    Tracker learningRate() {
        return learningRate;
    }

    double beta1() {
        return beta1;
    }

    double beta2() {
        return beta2;
    }

    double epsilon() {
        return epsilon;
    }

    record Group(BiPredicate<String, Parameter> members, double decay, double rateFactor) {}
}
