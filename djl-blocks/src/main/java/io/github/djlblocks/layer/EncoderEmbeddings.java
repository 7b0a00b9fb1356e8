package io.github.djlblocks.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.position.TokenTypeEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * What enters the first layer: {@code y = dropout(norm(scale * token + position + type))}, or a
 * projection of that to the channels of the layers.
 *
 * <p>Inputs, in this order, the later ones optional:
 *
 * <ol>
 *   <li>token ids (B, S), or the embeddings of the tokens (B, S, E) of a floating type
 *   <li>positions (B, S) or (1, S), 0 to S - 1 by default
 *   <li>token types (B, S) or (1, S), 0 by default
 * </ol>
 *
 * <p>Output (B, S, E), with a projection (B, S, E'). Every part but the token embedding may be
 * missing. As Hugging Face {@code BertEmbeddings} (arXiv 1810.04805), {@code RobertaEmbeddings} (a
 * position embedding that starts at its row 2), the {@code Embeddings} of DistilBERT (no types),
 * {@code BartEncoder} (a scale, a norm), {@code embedding_hidden_mapping_in} of ALBERT (a
 * projection, arXiv 1909.11942).
 */
public final class EncoderEmbeddings extends KernelBlock {

    private static final String LAYOUT = "ids (B, S), positions (B, S), token types (B, S)";

    private final TokenEmbedding tokens;
    private final @Nullable Block positions;
    private final @Nullable TokenTypeEmbedding types;
    private final @Nullable Block norm;
    private final @Nullable Block dropout;
    private final @Nullable Linear projection;
    private final double scale;

    private EncoderEmbeddings(Builder builder) {
        if (builder.tokens == null) {
            throw new IllegalArgumentException("the token embedding is missing: call setTokens");
        }
        tokens = builder.shared ? builder.tokens : addChildBlock("tokens", builder.tokens);
        positions =
                builder.positions == null ? null : addChildBlock("positions", builder.positions);
        types = builder.types == null ? null : addChildBlock("types", builder.types);
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        dropout = builder.dropout == null ? null : addChildBlock("dropout", builder.dropout);
        projection =
                builder.projection == null ? null : addChildBlock("projection", builder.projection);
        if (projection != null && projection.getInputs() != tokens.getHiddenSize()) {
            throw new IllegalArgumentException(
                    "projection takes "
                            + projection.getInputs()
                            + " channels, but tokens have "
                            + tokens.getHiddenSize()
                            + ": give both the same size");
        }
        scale = Checks.positive("scale", builder.scale);
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
     * Returns the token embedding, which a head may be tied to.
     *
     * @return (V, E)
     */
    public TokenEmbedding getTokens() {
        return tokens;
    }

    /**
     * Returns the channels of the output.
     *
     * @return those of the tokens, or of the projection
     */
    public int getHiddenSize() {
        return projection == null ? tokens.getHiddenSize() : projection.getOutputs();
    }

    /**
     * Tells whether there is an embedding of token types.
     *
     * @return whether types may be given
     */
    public boolean hasTypes() {
        return types != null;
    }

    /**
     * Returns how many token types there are.
     *
     * @return rows of their table, 0 for none
     */
    public int getTypes() {
        return types == null ? 0 : types.getTypes();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        return new Shape[] {inputShapes[0].slice(0, 2).add(getHiddenSize())};
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length < 1 || inputShapes.length > 3) {
            throw new IllegalArgumentException(
                    "EncoderEmbeddings takes 1 to 3 inputs, "
                            + LAYOUT
                            + ", got "
                            + inputShapes.length);
        }
        if (inputShapes[0].dimension() == 3) {
            Checks.lastAxis(
                    "EncoderEmbeddings", inputShapes[0], "hiddenSize", tokens.getHiddenSize());
        } else {
            Checks.rank("EncoderEmbeddings", inputShapes[0], LAYOUT, 2);
        }
        for (int i = 1; i < inputShapes.length; i++) {
            Checks.rank("EncoderEmbeddings", inputShapes[i], LAYOUT, 2);
        }
        if (inputShapes.length > 2 && types == null) {
            throw new IllegalArgumentException(
                    "token types were given, but there is no embedding of them: give ids and"
                            + " positions only");
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape ids = inputShapes[0].slice(0, 2);
        Shape hidden = ids.add(tokens.getHiddenSize());
        if (getChildren().values().contains(tokens)) {
            tokens.initialize(manager, dataType, ids);
        }
        if (positions != null) {
            positions.initialize(manager, dataType, hidden);
        }
        if (types != null) {
            types.initialize(manager, dataType, hidden);
        }
        if (norm != null) {
            norm.initialize(manager, dataType, hidden);
        }
        if (dropout != null) {
            dropout.initialize(manager, dataType, hidden);
        }
        if (projection != null) {
            projection.initialize(manager, dataType, hidden);
        }
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray first = inputs.get(0);
        boolean embedded = first.getShape().dimension() == 3;
        NDArray x = embedded ? first : call(tokens, store, first, training, null);
        x = Kernels.of(x).scale(x, scale);
        if (types != null) {
            x = call(types, store, with(x, inputs, 2), training, null);
        }
        if (positions != null) {
            x = call(positions, store, with(x, inputs, 1), training, null);
        }
        if (norm != null) {
            x = call(norm, store, x, training, null);
        }
        if (dropout != null) {
            x = call(dropout, store, x, training, null);
        }
        if (projection != null) {
            x = call(projection, store, x, training, AdapterChoice.only(params));
        }
        return new NDList(x);
    }

    /** Adds the input of an index, if there is one. */
    private static NDList with(NDArray x, NDList inputs, int index) {
        return inputs.size() > index ? new NDList(x, inputs.get(index)) : new NDList(x);
    }

    /** Builds {@link EncoderEmbeddings}. */
    public static final class Builder {

        private @Nullable TokenEmbedding tokens;
        private boolean shared;
        private @Nullable Block positions;
        private @Nullable TokenTypeEmbedding types;
        private @Nullable Block norm;
        private @Nullable Block dropout;
        private @Nullable Linear projection;
        private double scale = 1;

        private Builder() {}

        /**
         * Sets the token embedding.
         *
         * @param tokens (V, E)
         * @return this builder
         */
        public Builder setTokens(TokenEmbedding tokens) {
            this.tokens = tokens;
            this.shared = false;
            return this;
        }

        /**
         * Sets a token embedding that belongs to another block, which initialises, saves and trains
         * it: that of the encoder, in a decoder.
         *
         * @param tokens (V, E)
         * @return this builder
         */
        public Builder setSharedTokens(TokenEmbedding tokens) {
            this.tokens = tokens;
            this.shared = true;
            return this;
        }

        /**
         * Sets the embedding of positions, none by default.
         *
         * @param positions adds to x (B, S, E), given positions (B, S) or (1, S) or none: {@link
         *     io.github.djlblocks.position.LearnedPositions} or {@link
         *     io.github.djlblocks.position.SinusoidalPositions}
         * @return this builder
         */
        public Builder optPositions(Block positions) {
            this.positions = positions;
            return this;
        }

        /**
         * Sets the embedding of token types, none by default.
         *
         * @param types adds to x (B, S, E)
         * @return this builder
         */
        public Builder optTypes(TokenTypeEmbedding types) {
            this.types = types;
            return this;
        }

        /**
         * Sets the norm of the sum, none by default.
         *
         * @param norm keeps the shape
         * @return this builder
         */
        public Builder optNorm(Block norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Sets the dropout at the end, none by default.
         *
         * @param dropout keeps the shape
         * @return this builder
         */
        public Builder optDropout(Block dropout) {
            this.dropout = dropout;
            return this;
        }

        /**
         * Sets a projection at the end, none by default: embeddings of fewer channels than the
         * layers have.
         *
         * @param projection from the channels of the tokens to those of the layers
         * @return this builder
         */
        public Builder optProjection(@Nullable Linear projection) {
            this.projection = projection;
            return this;
        }

        /**
         * Sets the factor of the token embeddings, 1 by default; {@code sqrt(E)} in arXiv
         * 1706.03762.
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
         * @throws IllegalArgumentException if the token embedding is missing or the scale out of
         *     range
         */
        public EncoderEmbeddings build() {
            return new EncoderEmbeddings(this);
        }
    }
}
