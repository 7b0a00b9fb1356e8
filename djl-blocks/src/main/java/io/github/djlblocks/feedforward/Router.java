package io.github.djlblocks.feedforward;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Routing;
import io.github.djlblocks.kernel.RoutingSpec;
import io.github.djlblocks.kernel.RoutingSpec.GroupScore;
import io.github.djlblocks.kernel.RoutingSpec.Score;
import org.jspecify.annotations.Nullable;

/**
 * The router of a {@link MixtureOfExperts}: which k of M experts a token goes to, and with which
 * weights.
 *
 * <p>{@code logits = x W^T + b}, x (..., E), {@code weight} W (M, E), {@code bias} b (M) if there
 * is one; as a block of its own it returns the logits, (..., M). They become scores s by softmax
 * over all experts or by the sigmoid of each; the k best are chosen, of equal ones the lower number
 * first ({@code torch.topk} leaves open which); their scores are the weights, over their sum if
 * normalised, times a scale. Or the k best logits are chosen, and their softmax is the weights.
 *
 * <p>With groups, experts are chosen from the best groups. {@code correctionBias} (M), zeros at
 * first, is added to the scores for choosing, of groups too, and for nothing else; no gradient
 * reaches it, whoever trains moves it against the load.
 *
 * <p>Mixtral: softmax, normalised (arXiv 2401.04088). Qwen3-MoE: {@code norm_topk_prob}.
 * DeepSeek-V2: softmax, groups by their best expert (arXiv 2405.04434). DeepSeek-V3, {@code
 * noaux_tc}: sigmoid, groups by their two best, correction bias, normalised, scaled (arXiv
 * 2412.19437). Experts outside the chosen groups have the score 0 when the k best are chosen, as in
 * {@code DeepseekV3TopkRouter} of transformers 4.51.3: one of them wins against a negative
 * corrected score. DeepSeek's own code gives them minus infinity, and never chooses them.
 */
public final class Router extends UnaryBlock {

    private final int hiddenSize;
    private final int experts;
    private final RoutingSpec spec;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final @Nullable Parameter correctionBias;

    private Router(Builder builder) {
        super("x (..., " + builder.hiddenSize + ")");
        hiddenSize = Checks.positive("hiddenSize", builder.hiddenSize);
        experts = builder.experts;
        spec = builder.spec();
        spec.requireExperts(experts);
        weight = addParameter("weight", Parameter.Type.WEIGHT, new Shape(experts, hiddenSize));
        bias =
                builder.hasBias
                        ? addParameter("bias", Parameter.Type.BIAS, new Shape(experts))
                        : null;
        correctionBias =
                builder.hasCorrectionBias
                        ? addParameter(
                                Parameter.builder()
                                        .setName("correctionBias")
                                        .setType(Parameter.Type.BIAS)
                                        .optShape(new Shape(experts))
                                        .optRequiresGrad(false)
                                        .build())
                        : null;
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
     * Returns the channels in.
     *
     * @return E
     */
    public int getHiddenSize() {
        return hiddenSize;
    }

    /**
     * Returns how many experts there are.
     *
     * @return M
     */
    public int getExperts() {
        return experts;
    }

    /** Routes the rows of x, (..., E). */
    Routing route(ParameterStore store, NDArray x, boolean training) {
        NDArray logits = call(this, store, x, training, null);
        NDArray correction =
                correctionBias == null
                        ? null
                        : fetch(store, correctionBias, x.getDevice(), training);
        return Kernels.of(x).route(logits, correction, spec);
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.lastAxis("Router", input, "hiddenSize", hiddenSize);
        return input.slice(0, input.dimension() - 1).add(experts);
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return Kernels.of(x)
                .linear(
                        x,
                        value(store, weight, x, training),
                        optionalValue(store, bias, x, training));
    }

    /** Builds a {@link Router}; unless set otherwise it is that of Mixtral. */
    public static final class Builder {

        private int hiddenSize;
        private int experts;
        private int expertsPerToken;
        private Score score = Score.SOFTMAX;
        private boolean normalize = true;
        private double scale = 1;
        private int groups = 1;
        private int groupsChosen = 1;
        private GroupScore groupScore = GroupScore.TOP_TWO;
        private boolean hasBias;
        private boolean hasCorrectionBias;

        private Builder() {}

        /**
         * Sets the channels in.
         *
         * @param hiddenSize E, at least 1
         * @return this builder
         */
        public Builder setHiddenSize(int hiddenSize) {
            this.hiddenSize = hiddenSize;
            return this;
        }

        /**
         * Sets how many experts there are.
         *
         * @param experts M, at least 1
         * @return this builder
         */
        public Builder setExperts(int experts) {
            this.experts = experts;
            return this;
        }

        /**
         * Sets how many experts are chosen for a token.
         *
         * @param expertsPerToken k, from 1 to M
         * @return this builder
         */
        public Builder setExpertsPerToken(int expertsPerToken) {
            this.expertsPerToken = expertsPerToken;
            return this;
        }

        /**
         * Sets what logits become.
         *
         * @param score softmax by default
         * @return this builder
         */
        public Builder optScore(Score score) {
            this.score = score;
            return this;
        }

        /**
         * Divides the weights of the chosen by their sum, or leaves them.
         *
         * @param normalize true by default
         * @return this builder
         */
        public Builder optNormalize(boolean normalize) {
            this.normalize = normalize;
            return this;
        }

        /**
         * Multiplies the weights.
         *
         * @param scale above 0, 1 by default
         * @return this builder
         */
        public Builder optScale(double scale) {
            this.scale = scale;
            return this;
        }

        /**
         * Chooses from the best groups of neighbouring experts.
         *
         * @param groups how many groups there are, a divisor of M
         * @param groupsChosen how many of them experts are chosen from
         * @param groupScore what makes a group the better one
         * @return this builder
         */
        public Builder optGroups(int groups, int groupsChosen, GroupScore groupScore) {
            this.groups = groups;
            this.groupsChosen = groupsChosen;
            this.groupScore = groupScore;
            return this;
        }

        /**
         * Has a bias of the logits, or none.
         *
         * @param hasBias false by default
         * @return this builder
         */
        public Builder optBias(boolean hasBias) {
            this.hasBias = hasBias;
            return this;
        }

        /**
         * Has a bias of the scores for choosing alone, or none.
         *
         * @param hasCorrectionBias false by default
         * @return this builder
         */
        public Builder optCorrectionBias(boolean hasCorrectionBias) {
            this.hasCorrectionBias = hasCorrectionBias;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if a number is out of range or numbers do not fit
         */
        public Router build() {
            return new Router(this);
        }

        private RoutingSpec spec() {
            return new RoutingSpec(
                    expertsPerToken, score, normalize, scale, groups, groupsChosen, groupScore);
        }
    }
}
