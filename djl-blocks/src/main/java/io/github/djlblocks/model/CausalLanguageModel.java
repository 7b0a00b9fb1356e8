package io.github.djlblocks.model;

import ai.djl.inference.streaming.StreamingBlock;
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
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.position.PositionBias;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.Collections;
import java.util.Iterator;
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
 *   <li>positions (B, S), INT64 or INT32, or (axes, B, S) of a rotary embedding of several axes; by
 *       default they continue the cache
 * </ol>
 *
 * <p>Output: logits (B, S, V). Params of a forward pass: {@link #CACHE}, {@link #HIDDEN_STATES},
 * {@link #ATTENTIONS}, {@link #LAST_ONLY}. The inputs and defaults are those of Hugging Face {@code
 * LlamaForCausalLM}.
 *
 * <p>If a pass with a cache fails, the cache is as long afterwards as it was before.
 */
public final class CausalLanguageModel extends KernelBlock implements StreamingBlock {

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
    private final @Nullable Block positions;
    private final @Nullable Block embeddingNorm;
    private final double embeddingScale;
    private final boolean scaledGiven;
    private final List<Block> layers;
    private final @Nullable Block norm;
    private final @Nullable Linear head;
    private final @Nullable PositionBias bias;
    private final List<RotaryEmbedding> rotaries;
    private final double logitScale;
    private final double logitSoftcap;
    private final int contextLength;

    CausalLanguageModel(CausalLanguageModelBuilder builder) {
        if (builder.embedding == null || builder.layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "a language model needs an embedding and at least one layer: call setEmbedding"
                            + " and setLayers");
        }
        embedding = addChildBlock("embedding", builder.embedding);
        positions =
                builder.positions == null ? null : addChildBlock("positions", builder.positions);
        embeddingNorm =
                builder.embeddingNorm == null
                        ? null
                        : addChildBlock("embeddingNorm", builder.embeddingNorm);
        embeddingScale = Checks.positive("embeddingScale", builder.embeddingScale);
        scaledGiven = builder.scaledGiven;
        bias = builder.bias == null ? null : addChildBlock("positionBias", builder.bias);
        layers = List.copyOf(builder.layers);
        for (int i = 0; i < layers.size(); i++) {
            addChildBlock("layers." + i, layers.get(i));
        }
        norm = builder.norm == null ? null : addChildBlock("norm", builder.norm);
        head = builder.head == null ? null : addChildBlock("head", builder.head);
        rotaries = List.copyOf(builder.rotaries);
        logitScale = Checks.positive("logitScale", builder.logitScale);
        logitSoftcap = builder.logitSoftcap;
        if (!(logitSoftcap >= 0) || Double.isInfinite(logitSoftcap)) {
            throw new IllegalArgumentException(
                    "logitSoftcap (" + logitSoftcap + ") must be a finite number, 0 for none");
        }
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
    public static CausalLanguageModelBuilder builder() {
        return new CausalLanguageModelBuilder();
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

    /**
     * Runs one pass, whose output is the only chunk; nothing for an empty list, which is what
     * translators of text generation send here.
     */
    @Override
    public Iterator<NDList> forwardStreamIter(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        return inputs.isEmpty()
                ? Collections.emptyIterator()
                : List.of(forward(store, inputs, training, params)).iterator();
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
        if (positions != null) {
            positions.initialize(manager, dataType, hidden);
        }
        if (embeddingNorm != null) {
            embeddingNorm.initialize(manager, dataType, hidden);
        }
        if (bias != null) {
            bias.initialize(manager, dataType, tokens, tokens);
        }
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
        KeyValueCache cache = cache(params);
        TokenInputs tokens = TokenInputs.of(inputs, cache, contextLength);
        try {
            return run(store, tokens, training, params, cache);
        } catch (RuntimeException | Error e) {
            if (cache != null) {
                restore(cache, tokens.past().lengths(), e);
            }
            throw e;
        }
    }

    @Override
    protected void checkPass(NDList inputs, @Nullable PairList<String, Object> params) {
        TokenInputs.of(inputs, cache(params), contextLength);
    }

    private @Nullable KeyValueCache cache(@Nullable PairList<String, Object> params) {
        KeyValueCache cache = Params.get(params, CACHE, KeyValueCache.class);
        if (cache != null && cache.layers() != layers.size()) {
            throw new IllegalArgumentException(
                    "the cache has "
                            + cache.layers()
                            + " slots but the model has "
                            + layers.size()
                            + " layers");
        }
        return cache;
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
        NDArray places = tokens.positions();
        NDArray x = embedded(store, tokens.first(), places, training);
        LayerRun run = LayerRun.of(params, training);
        AttentionContext context =
                tokens.context(x.getDataType(), places, rotaries).withWeights(run.keepsWeights());
        if (bias != null) {
            context = context.withBias(bias.bias(store, x, training, tokens.past()));
        }
        context = run.shared(context, bias);
        for (int i = 0; i < layers.size(); i++) {
            run.hidden(x);
            KeyValueCache.Slot slot = cache == null ? null : cache.slot(i);
            PairList<String, Object> told =
                    AdapterChoice.onto(context.withCache(slot).toParams(), params);
            Block layer = layers.get(i);
            x = run.layer(x, in -> callAll(layer, store, new NDList(in), training, told));
        }
        if (norm != null) {
            x = call(norm, store, x, training, null);
        }
        run.hidden(x);
        NDArray last = LayerRun.flag(params, LAST_ONLY) ? Kernels.of(x).lastPosition(x) : x;
        NDArray logits =
                head == null
                        ? embedding.project(store, last, training)
                        : call(head, store, last, training, AdapterChoice.only(params));
        return run.after(capped(Kernels.of(logits).scale(logits, logitScale)));
    }

    private NDArray capped(NDArray logits) {
        if (logitSoftcap == 0) {
            return logits;
        }
        Kernels kernels = Kernels.of(logits);
        NDArray bent =
                kernels.activation(
                        kernels.scale(logits, 1 / logitSoftcap), ActivationFunction.TANH);
        return kernels.scale(bent, logitSoftcap);
    }

    /** Ids, or embeddings in their place, as they enter the first layer. */
    private NDArray embedded(
            ParameterStore store, NDArray first, NDArray places, boolean training) {
        boolean given = first.getShape().dimension() == 3;
        NDArray x = given ? first : call(embedding, store, first, training, null);
        if (embeddingScale != 1 && (scaledGiven || !given)) {
            x = Kernels.of(x).scale(x, embeddingScale);
        }
        if (positions != null) {
            x = call(positions, store, new NDList(x, places), training, null);
        }
        return embeddingNorm == null ? x : call(embeddingNorm, store, x, training, null);
    }
}
