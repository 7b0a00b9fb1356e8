package io.github.djlblocks.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.layer.EncoderLayer;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An encoder: embeddings, encoder layers, and maybe a norm.
 *
 * <p>Inputs, in this order, the later ones optional:
 *
 * <ol>
 *   <li>token ids (B, S), INT64 or INT32; or their embeddings (B, S, E') of a floating type, before
 *       a projection if there is one
 *   <li>attention mask (B, S), 1 where a token stands and 0 where padding stands; or (B | 1, H | 1,
 *       S | 1, S), BOOLEAN (true: look) or floating (added to the scores)
 *   <li>token types (B, S), if the embeddings have types; 0 by default
 * </ol>
 *
 * <p>Output: (B, S, E), what left the norm, or the last layer. Params of a forward pass: {@link
 * #POSITIONS}, {@link CausalLanguageModel#HIDDEN_STATES} (what entered the first layer, what left
 * each layer but the last, the output), {@link CausalLanguageModel#ATTENTIONS}; both follow the
 * output in this order. The inputs are those that Hugging Face tokenizers give {@code BertModel}.
 */
public final class Encoder extends KernelBlock {

    /** Param: positions (B, S) or (1, S), INT64 or INT32, in place of those it counts itself. */
    public static final String POSITIONS = "positions";

    private static final String LAYOUT = "ids (B, S), attention mask (B, S), token types (B, S)";

    private final EncoderEmbeddings embeddings;
    private final List<EncoderLayer> layers;
    private final @Nullable Block norm;
    private final @Nullable PositionBias bias;
    private final List<RotaryEmbedding> rotaries;
    private final @Nullable Long paddingId;
    private final int layersPerState;
    private final boolean normedState;

    private Encoder(Builder builder) {
        if (builder.embeddings == null || builder.layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "an encoder needs embeddings and at least one layer: call setEmbeddings and"
                            + " setLayers");
        }
        embeddings = addChildBlock("embeddings", builder.embeddings);
        layers = List.copyOf(builder.layers);
        Set<EncoderLayer> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        for (EncoderLayer layer : layers) {
            if (distinct.add(layer)) {
                addChildBlock("layers." + (distinct.size() - 1), layer);
            }
        }
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        bias = builder.bias == null ? null : addChildBlock("positionBias", builder.bias);
        rotaries = List.copyOf(builder.rotaries);
        paddingId = builder.paddingId;
        layersPerState = Checks.positive("layersPerState", builder.layersPerState);
        normedState = builder.normedState;
        if (layers.size() % layersPerState != 0) {
            throw new IllegalArgumentException(
                    layers.size()
                            + " layers are no whole groups of layersPerState ("
                            + layersPerState
                            + ")");
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
     * Returns the token embedding, which a decoder may share and a head be tied to.
     *
     * @return (V, E')
     */
    public TokenEmbedding getTokens() {
        return embeddings.getTokens();
    }

    /**
     * Returns how many token types there are.
     *
     * @return rows of their table, 0 for none
     */
    public int getTypes() {
        return embeddings.getTypes();
    }

    /**
     * Returns the token that padding is, where positions depend on it.
     *
     * @return its id, or empty if any token will do
     */
    public OptionalLong getPaddingId() {
        return paddingId == null ? OptionalLong.empty() : OptionalLong.of(paddingId);
    }

    /**
     * Returns the channels of the output.
     *
     * @return E
     */
    public int getHiddenSize() {
        return embeddings.getHiddenSize();
    }

    /**
     * Returns the number of layers.
     *
     * @return how many layers run, one that runs several times counted each time
     */
    public int getLayers() {
        return layers.size();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        return new Shape[] {inputShapes[0].slice(0, 2).add(getHiddenSize())};
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        TokenInputs.checkShapes("Encoder", LAYOUT, inputShapes, getTokens().getHiddenSize());
        if (inputShapes.length > 2 && !embeddings.hasTypes()) {
            throw new IllegalArgumentException(
                    "Encoder: token types were given, but its embeddings have none: give ids and"
                            + " attention mask only");
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape tokens = inputShapes[0].slice(0, 2);
        Shape hidden = tokens.add(getHiddenSize());
        embeddings.initialize(manager, dataType, tokens);
        layers.forEach(layer -> layer.initialize(manager, dataType, hidden));
        if (norm != null) {
            norm.initialize(manager, dataType, hidden);
        }
        if (bias != null) {
            bias.initialize(manager, dataType, tokens, tokens);
        }
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray first = inputs.get(0);
        TokenInputs.requireTokens(first.getShape().slice(0, 2));
        Kernels kernels = Kernels.of(first);
        NDArray given = Params.get(params, POSITIONS, NDArray.class);
        NDArray positions = given == null ? positions(kernels, first) : given;
        NDList embedded = new NDList(first, positions);
        embedded.addAll(inputs.subNDList(Math.min(2, inputs.size())));
        NDArray x = call(embeddings, store, embedded, training, AdapterChoice.only(params));

        LayerRun run = LayerRun.of(params, training);
        AttentionContext context =
                AttentionContext.none().withPositions(positions).withWeights(run.keepsWeights());
        if (inputs.size() > 1) {
            context = context.withMask(TokenInputs.mask(kernels, inputs.get(1), first.getShape()));
        }
        for (RotaryEmbedding rotary : rotaries) {
            context = context.withRotaryTable(rotary, rotary.table(positions, x.getDataType()));
        }
        if (bias != null) {
            context =
                    context.withBias(
                            bias.bias(store, positions, positions, x.getDataType(), training));
        }
        PairList<String, Object> told =
                AdapterChoice.onto(run.shared(context, bias).toParams(), params);
        for (int i = 0; i < layers.size(); i++) {
            if (i % layersPerState == 0) {
                run.hidden(x);
            }
            Block layer = layers.get(i);
            x = run.layer(x, in -> callAll(layer, store, new NDList(in), training, told));
        }
        NDArray output = norm == null ? x : call(norm, store, x, training, null);
        run.hidden(normedState ? output : x);
        return run.after(output);
    }

    private NDArray positions(Kernels kernels, NDArray first) {
        if (paddingId == null) {
            return kernels.positions(first, 1, Past.NONE);
        }
        // Embeddings do not say which of them are padding; the reference counts them all.
        return first.getShape().dimension() == 2
                ? kernels.tokenPositions(first, paddingId)
                : kernels.positions(first, 1, Past.of(paddingId + 1));
    }

    /** Builds an {@link Encoder}. */
    public static final class Builder {

        private @Nullable EncoderEmbeddings embeddings;
        private List<EncoderLayer> layers = List.of();
        private @Nullable Block norm;
        private @Nullable PositionBias bias;
        private List<RotaryEmbedding> rotaries = List.of();
        private @Nullable Long paddingId;
        private int layersPerState = 1;
        private boolean normedState = true;

        private Builder() {}

        /**
         * Sets what enters the first layer.
         *
         * @param embeddings tokens, positions, types
         * @return this builder
         */
        public Builder setEmbeddings(EncoderEmbeddings embeddings) {
            this.embeddings = embeddings;
            return this;
        }

        /**
         * Sets the layers.
         *
         * @param layers in the order they run; one that appears several times is one child, its
         *     parameters shared, as in ALBERT (arXiv 1909.11942)
         * @return this builder
         */
        public Builder setLayers(List<EncoderLayer> layers) {
            this.layers = layers;
            return this;
        }

        /**
         * Sets the norm after the last layer, none by default.
         *
         * @param norm a norm of the last axis
         * @return this builder
         */
        public Builder optNorm(@Nullable Block norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Sets a bias by position, computed once a pass and added to the scores of every layer.
         *
         * @param bias as of T5, or ALiBi
         * @return this builder
         */
        public Builder optPositionBias(@Nullable PositionBias bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Sets the rotary embeddings the layers use, so that their tables are made once a pass.
         *
         * @param rotaries the embeddings given to the attention of layers
         * @return this builder
         */
        public Builder optRotary(RotaryEmbedding... rotaries) {
            this.rotaries = List.of(rotaries);
            return this;
        }

        /**
         * Counts positions over the tokens that are no padding, from {@code paddingId + 1} on, and
         * leaves padding at paddingId, as RoBERTa does (arXiv 1907.11692); embeddings in place of
         * ids are counted all. Not by default: positions are 0 to S - 1.
         *
         * @param paddingId the id of the padding token, at least 0
         * @return this builder
         */
        public Builder optPaddingId(long paddingId) {
            this.paddingId = paddingId;
            return this;
        }

        /**
         * Sets how many layers make one hidden state, 1 by default; those of a group of ALBERT.
         *
         * @param layersPerState divides the number of layers
         * @return this builder
         */
        public Builder optLayersPerState(int layersPerState) {
            this.layersPerState = layersPerState;
            return this;
        }

        /**
         * Says whether the last hidden state is what leaves the norm, or what enters it, as in
         * ModernBERT; both are the same where there is no norm.
         *
         * @param normedState true by default
         * @return this builder
         */
        public Builder optNormedState(boolean normedState) {
            this.normedState = normedState;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if something is missing
         */
        public Encoder build() {
            if (paddingId != null && paddingId < 0) {
                throw new IllegalArgumentException(
                        "paddingId (" + paddingId + ") must be at least 0: it is a row");
            }
            return new Encoder(this);
        }
    }
}
