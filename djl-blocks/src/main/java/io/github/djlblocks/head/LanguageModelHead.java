package io.github.djlblocks.head;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * Scores of the tokens of a vocabulary: {@code y = (scale * t(x)) W^T + b}, with {@code t(x) =
 * norm(f(dense(x)))} or {@code t(x) = x}.
 *
 * <p>x (B, S, E), y (B, S, V), logits. W is an own output map, or the embedding table of the model
 * (tied weights, arXiv 1608.05859). A tied table is a child of the model and not of the head: the
 * head has its own {@code bias} at most, and whoever holds both initialises, saves and trains the
 * table once.
 *
 * <p>With a transform it is the masked-language-model head {@code BertLMPredictionHead}, {@code
 * RobertaLMHead} or that of {@code DistilBertForMaskedLM}; without, {@code lm_head} of {@code
 * BartForConditionalGeneration} (a bias) or of {@code T5ForConditionalGeneration} (scale {@code 1 /
 * sqrt(E)} if tied).
 */
public final class LanguageModelHead extends UnaryBlock {

    private final @Nullable Linear dense;
    private final @Nullable ActivationFunction activation;
    private final @Nullable Block norm;
    private final @Nullable Linear output;
    private final @Nullable TokenEmbedding table;
    private final @Nullable Parameter bias;
    private final double scale;
    private final int channels;

    private LanguageModelHead(Builder builder) {
        super("x (B, S, E)");
        if ((builder.output == null) == (builder.table == null)) {
            throw new IllegalArgumentException(
                    "a language model head needs an output map or a tied table, one of the two:"
                            + " call setOutput or setTable");
        }
        dense = builder.dense == null ? null : addChildBlock("dense", builder.dense);
        activation = builder.activation;
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        output = builder.output == null ? null : addChildBlock("output", builder.output);
        table = builder.table;
        scale = builder.scale;
        if (output == null) {
            TokenEmbedding tied = Builder.required(table);
            channels = tied.getHiddenSize();
            Shape shape = new Shape(tied.getVocabularySize());
            bias = builder.bias ? addParameter("bias", Parameter.Type.BIAS, shape) : null;
        } else {
            channels = output.getInputs();
            if (builder.bias && output.hasBias()) {
                throw new IllegalArgumentException(
                        "the output map has a bias already: give it none, or leave optBias out");
            }
            Shape shape = new Shape(output.getOutputs());
            bias = builder.bias ? addParameter("bias", Parameter.Type.BIAS, shape) : null;
        }
        if (dense != null && dense.getOutputs() != channels) {
            throw new IllegalArgumentException(
                    "dense gives "
                            + dense.getOutputs()
                            + " channels but the output takes "
                            + channels);
        }
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
     * Returns the number of tokens it scores.
     *
     * @return V
     */
    public int getVocabularySize() {
        return output == null ? Builder.required(table).getVocabularySize() : output.getOutputs();
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.rank("LanguageModelHead", input, "x (B, S, E)", 3);
        int inputs = dense == null ? channels : dense.getInputs();
        Checks.lastAxis("LanguageModelHead", input, "its inputs", inputs);
        return input.slice(0, 2).add(getVocabularySize());
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape hidden = inputShapes[0].slice(0, 2).add(channels);
        if (dense != null) {
            dense.initialize(manager, dataType, inputShapes);
        }
        if (norm != null) {
            norm.initialize(manager, dataType, hidden);
        }
        if (output != null) {
            output.initialize(manager, dataType, hidden);
        }
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray y = x;
        if (dense != null) {
            y = call(dense, store, y, training, params);
        }
        if (activation != null) {
            y = Kernels.of(y).activation(y, activation);
        }
        if (norm != null) {
            y = call(norm, store, y, training, null);
        }
        y = Kernels.of(y).scale(y, scale);
        if (output == null) {
            return Builder.required(table)
                    .project(store, y, optionalValue(store, bias, y, training), training);
        }
        return bias == null
                ? call(output, store, y, training, params)
                : output.map(store, y, value(store, bias, y, training), training, params);
    }

    /** Builds a {@link LanguageModelHead}. */
    public static final class Builder {

        private @Nullable Linear dense;
        private @Nullable ActivationFunction activation;
        private @Nullable Block norm;
        private @Nullable Linear output;
        private @Nullable TokenEmbedding table;
        private boolean bias;
        private double scale = 1;

        private Builder() {}

        /**
         * Sets an output map of its own.
         *
         * @param output E to V
         * @return this builder
         */
        public Builder setOutput(Linear output) {
            this.output = output;
            return this;
        }

        /**
         * Ties the output to an embedding.
         *
         * @param table the token embedding of the model, (V, E)
         * @return this builder
         */
        public Builder setTable(TokenEmbedding table) {
            this.table = table;
            return this;
        }

        /**
         * Adds a bias of the head's own, to a tied output or to a map that has none.
         *
         * @param bias false by default
         * @return this builder
         */
        public Builder optBias(boolean bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Transforms the input first, none by default.
         *
         * @param dense E to E
         * @param activation what follows it
         * @param norm what follows that
         * @return this builder
         */
        public Builder optTransform(Linear dense, ActivationFunction activation, Block norm) {
            this.dense = dense;
            this.activation = activation;
            this.norm = norm;
            return this;
        }

        /**
         * Multiplies what enters the output, 1 by default.
         *
         * @param scale above 0
         * @return this builder
         */
        public Builder optScale(double scale) {
            this.scale = scale;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if there is no output or two, or sizes do not fit
         */
        public LanguageModelHead build() {
            Checks.positive("scale", scale);
            return new LanguageModelHead(this);
        }

        private static TokenEmbedding required(@Nullable TokenEmbedding table) {
            if (table == null) {
                throw new IllegalStateException("a head has an output or a table");
            }
            return table;
        }
    }
}
