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
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.head.LanguageModelHead;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.layer.CrossDecoderLayer;
import io.github.djlblocks.layer.EncoderEmbeddings;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The decoder of an encoder-decoder: embeddings, layers that look at a memory, maybe a norm, head.
 *
 * <p>Inputs, in this order, the later ones optional:
 *
 * <ol>
 *   <li>token ids (B, S), INT64 or INT32; or their embeddings (B, S, E) of a floating type
 *   <li>memory (B, T, M), what the encoder gave
 *   <li>attention mask of the memory (B, T), 1 where a token stands and 0 where padding stands
 *   <li>attention mask of the decoder (B, P), over the tokens that have passed and the S new ones
 * </ol>
 *
 * <p>Each mask may also be of scores: (B | 1, H | 1, S | 1, T | 1), BOOLEAN (true: look) or
 * floating (added to the scores).
 *
 * <p>Output: logits (B, S, V). Params of a forward pass: {@link CausalLanguageModel#CACHE} and
 * {@link #MEMORY_CACHE}, {@link CausalLanguageModel#HIDDEN_STATES}, {@link
 * CausalLanguageModel#ATTENTIONS} (of self-attention, then of cross-attention), {@link
 * CausalLanguageModel#LAST_ONLY}. Positions continue the cache. With a memory cache the keys and
 * values of the memory are computed in the first pass alone; give the same memory in every pass.
 *
 * <p>If a pass with caches fails, they are as long afterwards as they were before.
 */
public final class Seq2SeqDecoder extends KernelBlock {

    /**
     * Param: the {@link KeyValueCache} of cross-attention, made by {@link KeyValueCache#memory}.
     */
    public static final String MEMORY_CACHE = "memoryCache";

    private static final String LAYOUT =
            "ids (B, S), memory (B, T, M), memory mask (B, T), attention mask (B, P)";

    private final EncoderEmbeddings embeddings;
    private final List<CrossDecoderLayer> layers;
    private final @Nullable Block norm;
    private final LanguageModelHead head;
    private final @Nullable PositionBias bias;
    private final @Nullable RotaryEmbedding rotary;
    private final int contextLength;

    private Seq2SeqDecoder(Builder builder) {
        if (builder.embeddings == null || builder.layers.isEmpty() || builder.head == null) {
            throw new IllegalArgumentException(
                    "a decoder needs embeddings, at least one layer and a head: call"
                            + " setEmbeddings, setLayers and setHead");
        }
        embeddings = addChildBlock("embeddings", builder.embeddings);
        layers = List.copyOf(builder.layers);
        for (int i = 0; i < layers.size(); i++) {
            addChildBlock("layers." + i, layers.get(i));
        }
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        head = addChildBlock("head", builder.head);
        bias = builder.bias == null ? null : addChildBlock("positionBias", builder.bias);
        rotary = builder.rotary;
        contextLength = Checks.positive("contextLength", builder.contextLength);
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
     * Returns the number of layers, which is the number of slots each of its caches needs.
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
     * Returns the number of tokens there are logits for.
     *
     * @return V
     */
    public int getVocabularySize() {
        return head.getVocabularySize();
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        checkInputs(inputShapes);
        return new Shape[] {inputShapes[0].slice(0, 2).add(head.getVocabularySize())};
    }

    @Override
    protected void checkInputs(Shape[] inputShapes) {
        if (inputShapes.length < 2 || inputShapes.length > 4) {
            throw new IllegalArgumentException(
                    "Seq2SeqDecoder takes 2 to 4 inputs, "
                            + LAYOUT
                            + ", got "
                            + inputShapes.length);
        }
        embeddings.getOutputShapes(new Shape[] {inputShapes[0]});
        Checks.rank("Seq2SeqDecoder", inputShapes[1], LAYOUT, 3);
        for (int i = 2; i < inputShapes.length; i++) {
            // of four axes it is a mask of scores
            if (inputShapes[i].dimension() != 4) {
                Checks.rank("Seq2SeqDecoder", inputShapes[i], LAYOUT, 2);
            }
        }
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape tokens = inputShapes[0].slice(0, 2);
        embeddings.initialize(manager, dataType, tokens);
        Shape hidden = embeddings.getOutputShapes(new Shape[] {tokens})[0];
        layers.forEach(layer -> layer.initialize(manager, dataType, hidden, inputShapes[1]));
        if (norm != null) {
            norm.initialize(manager, dataType, hidden);
        }
        head.initialize(manager, dataType, hidden);
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
        TokenInputs tokens = tokens(inputs, params);
        KeyValueCache cache = cache(params, CausalLanguageModel.CACHE);
        KeyValueCache memoryCache = cache(params, MEMORY_CACHE);
        long[] held = memoryCache == null ? new long[0] : memoryCache.lengths();
        try {
            return run(store, inputs, tokens, training, params);
        } catch (RuntimeException | Error e) {
            restore(cache, tokens.past().lengths(), e);
            restore(memoryCache, held, e);
            throw e;
        }
    }

    @Override
    protected void checkPass(NDList inputs, @Nullable PairList<String, Object> params) {
        tokens(inputs, params);
    }

    private TokenInputs tokens(NDList inputs, @Nullable PairList<String, Object> params) {
        KeyValueCache cache = cache(params, CausalLanguageModel.CACHE);
        if (cache == null && cache(params, MEMORY_CACHE) != null) {
            throw new IllegalArgumentException(
                    "a memory cache was given without a cache of the decoder itself: give both");
        }
        return TokenInputs.of(decoderInputs(inputs), cache, contextLength);
    }

    /** Ids and their own mask, as a decoder without memory has them. */
    private static NDList decoderInputs(NDList inputs) {
        NDList own = new NDList(inputs.get(0));
        if (inputs.size() > 3) {
            own.add(inputs.get(3));
        }
        return own;
    }

    private @Nullable KeyValueCache cache(@Nullable PairList<String, Object> params, String name) {
        KeyValueCache cache = Params.get(params, name, KeyValueCache.class);
        if (cache != null && cache.layers() != layers.size()) {
            throw new IllegalArgumentException(
                    name
                            + " has "
                            + cache.layers()
                            + " slots but the decoder has "
                            + layers.size()
                            + " layers");
        }
        return cache;
    }

    private static void restore(@Nullable KeyValueCache cache, long[] lengths, Throwable failure) {
        if (cache == null) {
            return;
        }
        try {
            cache.truncate(lengths);
        } catch (RuntimeException e) {
            failure.addSuppressed(e);
        }
    }

    private NDList run(
            ParameterStore store,
            NDList inputs,
            TokenInputs tokens,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray first = tokens.first();
        Kernels kernels = Kernels.of(first);
        NDArray positions = kernels.positions(first, 1, tokens.past());
        PairList<String, Object> adapter = AdapterChoice.only(params);
        NDArray x = call(embeddings, store, new NDList(first, positions), training, adapter);

        LayerRun run = LayerRun.of(params);
        NDArray memory = inputs.get(1);
        AttentionContext context =
                tokens.context(
                                x.getDataType(),
                                positions,
                                rotary == null ? List.of() : List.of(rotary))
                        .withWeights(run.keepsWeights());
        if (bias != null) {
            context = context.withBias(bias.bias(store, x, training, tokens.past()));
        }
        NDArray memoryMask =
                inputs.size() > 2
                        ? TokenInputs.mask(kernels, inputs.get(2), memory.getShape())
                        : null;
        KeyValueCache cache = cache(params, CausalLanguageModel.CACHE);
        KeyValueCache memoryCache = cache(params, MEMORY_CACHE);
        for (int i = 0; i < layers.size(); i++) {
            run.hidden(x);
            AttentionContext own =
                    context.withCache(cache == null ? null : cache.slot(i))
                            .withMemory(
                                    memoryMask, memoryCache == null ? null : memoryCache.slot(i));
            NDList left =
                    callAll(
                            layers.get(i),
                            store,
                            new NDList(x, memory),
                            training,
                            AdapterChoice.onto(own.toParams(), params));
            x = left.get(0);
            run.weights(left);
        }
        if (norm != null) {
            x = call(norm, store, x, training, null);
        }
        run.hidden(x);
        boolean lastOnly = LayerRun.flag(params, CausalLanguageModel.LAST_ONLY);
        NDArray last = lastOnly ? kernels.lastPosition(x) : x;
        return run.after(call(head, store, last, training, adapter));
    }

    /** Builds a {@link Seq2SeqDecoder}. */
    public static final class Builder {

        private @Nullable EncoderEmbeddings embeddings;
        private List<CrossDecoderLayer> layers = List.of();
        private @Nullable Block norm;
        private @Nullable LanguageModelHead head;
        private @Nullable PositionBias bias;
        private @Nullable RotaryEmbedding rotary;
        private int contextLength;

        private Builder() {}

        /**
         * Sets what enters the first layer.
         *
         * @param embeddings tokens and positions
         * @return this builder
         */
        public Builder setEmbeddings(EncoderEmbeddings embeddings) {
            this.embeddings = embeddings;
            return this;
        }

        /**
         * Sets the layers.
         *
         * @param layers in the order they run
         * @return this builder
         */
        public Builder setLayers(List<CrossDecoderLayer> layers) {
            this.layers = layers;
            return this;
        }

        /**
         * Sets the head.
         *
         * @param head E to V
         * @return this builder
         */
        public Builder setHead(LanguageModelHead head) {
            this.head = head;
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
        public Builder optNorm(@Nullable Block norm) {
            this.norm = norm;
            return this;
        }

        /**
         * Sets a bias by position, computed once a pass and added to the scores of self-attention
         * in every layer.
         *
         * @param bias as of T5, or ALiBi
         * @return this builder
         */
        public Builder optPositionBias(@Nullable PositionBias bias) {
            this.bias = bias;
            return this;
        }

        /**
         * Sets the rotary embedding the layers use, so that its table is made once a pass.
         *
         * @param rotary the embedding given to every layer's self-attention
         * @return this builder
         */
        public Builder optRotary(@Nullable RotaryEmbedding rotary) {
            this.rotary = rotary;
            return this;
        }

        /**
         * Builds the block.
         *
         * @return the block
         * @throws IllegalArgumentException if something is missing
         */
        public Seq2SeqDecoder build() {
            return new Seq2SeqDecoder(this);
        }
    }
}
