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
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.layer.DecoderLayer;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A causal language model: embedding, decoder layers, norm, head.
 *
 * <p>Inputs, in this order, the later ones optional:
 *
 * <ol>
 *   <li>token ids (B, S), INT64 or INT32; or their embeddings (B, S, E) of a floating type
 *   <li>attention mask (B, T), 1 where a token stands and 0 where padding stands, over the tokens
 *       that have passed and the S new ones; or (B | 1, H | 1, S | 1, T | 1), BOOLEAN (true: look)
 *       or floating (added to the scores)
 *   <li>positions (B, S), INT64 or INT32; by default they continue the cache
 * </ol>
 *
 * <p>Output: logits (B, S, V). Params of a forward pass: {@link #CACHE}, {@link #HIDDEN_STATES},
 * {@link #ATTENTIONS}, {@link #LAST_ONLY}. The inputs and defaults are those of Hugging Face {@code
 * LlamaForCausalLM}.
 *
 * <p>If a pass with a cache fails, the cache is as long afterwards as it was before.
 */
public final class CausalLanguageModel extends KernelBlock {

    /** Param: the {@link KeyValueCache} to continue and to append to. */
    public static final String CACHE = "keyValueCache";

    /**
     * Param, Boolean: return after the logits what entered the first layer, what left each layer
     * but the last, and what left the final norm, each (B, S, E).
     */
    public static final String HIDDEN_STATES = "outputHiddenStates";

    /**
     * Param, Boolean: return after the logits, and after the hidden states if asked for, the
     * attention weights of each layer, (B, H, S, T).
     */
    public static final String ATTENTIONS = "outputAttentions";

    /** Param, Boolean: compute the logits of the last position only, (B, 1, V). */
    public static final String LAST_ONLY = "lastLogitsOnly";

    private final TokenEmbedding embedding;
    private final List<DecoderLayer> layers;
    private final @Nullable Block norm;
    private final @Nullable Linear head;
    private final @Nullable RotaryEmbedding rotary;
    private final int contextLength;

    private CausalLanguageModel(Builder builder) {
        if (builder.embedding == null || builder.layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "a language model needs an embedding and at least one layer: call setEmbedding"
                            + " and setLayers");
        }
        embedding = addChildBlock("embedding", builder.embedding);
        layers = List.copyOf(builder.layers);
        for (int i = 0; i < layers.size(); i++) {
            addChildBlock("layers." + i, layers.get(i));
        }
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        head = builder.head == null ? null : addChildBlock("head", builder.head);
        rotary = builder.rotary;
        contextLength = Checks.positive("contextLength", builder.contextLength);
        if (head != null && head.getInputs() != embedding.getHiddenSize()) {
            throw new IllegalArgumentException(
                    "head takes "
                            + head.getInputs()
                            + " channels but hiddenSize is "
                            + embedding.getHiddenSize());
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
     * Returns the number of layers, which is the number of slots its cache needs.
     *
     * @return how many layers
     */
    public int getLayers() {
        return layers.size();
    }

    /**
     * Returns the most tokens one sequence may have.
     *
     * @return tokens
     */
    public int getContextLength() {
        return contextLength;
    }

    /**
     * Returns the number of tokens the model knows.
     *
     * @return V
     */
    public int getVocabularySize() {
        return embedding.getVocabularySize();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        int vocabulary = head == null ? embedding.getVocabularySize() : head.getOutputs();
        return new Shape[] {inputShapes[0].slice(0, 2).add(vocabulary)};
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        TokenInputs.checkShapes("CausalLanguageModel", inputShapes, embedding.getHiddenSize());
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape tokens = inputShapes[0].slice(0, 2);
        Shape hidden = tokens.add(embedding.getHiddenSize());
        embedding.initialize(manager, dataType, tokens);
        layers.forEach(layer -> layer.initialize(manager, dataType, hidden));
        if (norm != null) {
            norm.initialize(manager, dataType, hidden);
        }
        if (head != null) {
            head.initialize(manager, dataType, hidden);
        }
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        KeyValueCache cache = params == null ? null : (KeyValueCache) params.get(CACHE);
        if (cache != null && cache.layers() != layers.size()) {
            throw new IllegalArgumentException(
                    "the cache has "
                            + cache.layers()
                            + " slots but the model has "
                            + layers.size()
                            + " layers");
        }
        TokenInputs tokens = TokenInputs.of(inputs, cache, contextLength);
        try {
            return run(store, tokens, training, params, cache);
        } catch (RuntimeException | Error e) {
            if (cache != null) {
                restore(cache, tokens.past(), e);
            }
            throw e;
        }
    }

    private static void restore(KeyValueCache cache, long[] lengths, Throwable failure) {
        try {
            cache.truncate(lengths);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private NDList run(
            ParameterStore store,
            TokenInputs tokens,
            boolean training,
            @Nullable PairList<String, Object> params,
            @Nullable KeyValueCache cache) {
        NDArray first = tokens.first();
        NDArray x =
                first.getShape().dimension() == 3
                        ? first
                        : call(embedding, store, first, training, null);
        boolean keepHidden = flag(params, HIDDEN_STATES);
        boolean keepWeights = flag(params, ATTENTIONS);
        AttentionContext context = tokens.context(x, rotary).withWeights(keepWeights);
        List<NDArray> hidden = new ArrayList<>();
        NDList weights = new NDList();
        for (int i = 0; i < layers.size(); i++) {
            if (keepHidden) {
                hidden.add(x);
            }
            KeyValueCache.Slot slot = cache == null ? null : cache.slot(i);
            NDList left =
                    callAll(
                            layers.get(i),
                            store,
                            new NDList(x),
                            training,
                            context.withCache(slot).toParams());
            x = left.get(0);
            weights.addAll(left.subNDList(1));
        }
        if (norm != null) {
            x = call(norm, store, x, training, null);
        }
        if (keepHidden) {
            hidden.add(x);
        }
        NDArray last = flag(params, LAST_ONLY) ? Kernels.of(x).lastPosition(x) : x;
        NDArray logits =
                head == null
                        ? embedding.project(store, last, training)
                        : call(head, store, last, training, null);
        NDList outputs = new NDList(logits);
        outputs.addAll(hidden);
        outputs.addAll(weights);
        return outputs;
    }

    private static boolean flag(@Nullable PairList<String, Object> params, String name) {
        return params != null && Boolean.TRUE.equals(params.get(name));
    }

    /** Builds a {@link CausalLanguageModel}. */
    public static final class Builder {

        private @Nullable TokenEmbedding embedding;
        private List<DecoderLayer> layers = List.of();
        private @Nullable Block norm;
        private @Nullable Linear head;
        private @Nullable RotaryEmbedding rotary;
        private int contextLength;

        private Builder() {}

        /**
         * Sets the token embedding.
         *
         * @param embedding (V, E)
         * @return this builder
         */
        public Builder setEmbedding(TokenEmbedding embedding) {
            this.embedding = embedding;
            return this;
        }

        /**
         * Sets the layers.
         *
         * @param layers in the order they run
         * @return this builder
         */
        public Builder setLayers(List<DecoderLayer> layers) {
            this.layers = layers;
            return this;
        }

        /**
         * Sets the most tokens one sequence may have.
         *
         * @param contextLength at least 1
         * @return this builder
         */
        public Builder setContextLength(int contextLength) {
            this.contextLength = contextLength;
            return this;
        }

        /**
         * Sets the norm after the last layer, none by default.
         *
         * @param norm a norm of the last axis
         * @return this builder
         */
        public Builder optNorm(Block norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Sets the head, the embedding table by default (tied weights).
         *
         * @param head E to V
         * @return this builder
         */
        public Builder optHead(Linear head) {
            this.head = head;
            return this;
        }

        /**
         * Sets the rotary embedding the layers use, so that its table is made once a pass.
         *
         * @param rotary the embedding given to every layer's attention
         * @return this builder
         */
        public Builder optRotary(RotaryEmbedding rotary) {
            this.rotary = rotary;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if something is missing or sizes do not fit together
         */
        public CausalLanguageModel build() {
            return new CausalLanguageModel(this);
        }
    }
}
