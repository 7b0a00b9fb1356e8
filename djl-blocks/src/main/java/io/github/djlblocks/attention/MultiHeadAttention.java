package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import ai.djl.util.PairList;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.core.KernelBlock;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.AttentionOutput;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head attention of a sequence to itself or, if built so, to a memory; with fewer key/value
 * heads than query heads, grouped-query attention (GQA), with one, multi-query attention (MQA).
 *
 * <p>{@code y = merge(softmax(q k^T * scale + mask) v) Wo}, with {@code q = rotate(split(x Wq))},
 * {@code k = rotate(split(m Wk))}, {@code v = split(m Wv)}, where m is x or the memory. Inputs: x
 * (B, S, E) and, of cross-attention, memory (B, T, M), which may be left out once its keys and
 * values are in the cache. Output (B, S, E'), where E' is what the output projection gives; asked
 * by {@link AttentionContext#withWeights}, the weights (B, H, S, T) follow. Query head {@code h}
 * reads key/value head {@code h / (H / K)}; headDim times H need not be E.
 *
 * <p>Masks, biases, positions and caches come in an {@link AttentionContext}. With a cache the keys
 * are those that have passed and those of x, and a causal query sees those before it and itself. A
 * rolling cache gives its window to an attention that has none. A query that may see no key gives 0
 * before the output projection. Dropout is applied to the weights, in training only.
 *
 * <p>Vaswani et al., arXiv 1706.03762; Shazeer, arXiv 1911.02150 (MQA); Ainslie et al., arXiv
 * 2305.13245 (GQA); Beltagy et al., arXiv 2004.05150 (window); Gemma 2, arXiv 2408.00118 (softcap);
 * Henry et al., arXiv 2010.04245 (normed queries and keys). The semantics are those of the ONNX
 * {@code Attention} operator; projections as in Hugging Face {@code LlamaAttention}.
 */
public final class MultiHeadAttention extends KernelBlock {

    private static final String NAME = "MultiHeadAttention";

    private final Projections projections;
    private final Linear output;
    private final int queryHeads;
    private final boolean cross;
    private final AttentionSpec spec;
    private final double dropout;
    private final @Nullable RotaryEmbedding rotary;
    private final @Nullable Block queryNorm;
    private final @Nullable Block keyNorm;
    private final boolean normsWhole;
    private final @Nullable Parameter sinks;

    MultiHeadAttention(MultiHeadAttentionBuilder builder) {
        projections = builder.projections();
        projections.named().forEach(this::addChildBlock);
        output = addChildBlock("output", builder.output());
        queryHeads = projections.queryHeads();
        cross = builder.isCross();
        rotary = builder.rotary();
        queryNorm =
                builder.queryNorm() == null
                        ? null
                        : addChildBlock("queryNorm", builder.queryNorm());
        keyNorm = builder.keyNorm() == null ? null : addChildBlock("keyNorm", builder.keyNorm());
        normsWhole = builder.normsWhole();
        spec = builder.spec();
        dropout = builder.dropout();
        sinks =
                builder.hasSinks()
                        ? addParameter("sinks", new Shape(queryHeads), Initializer.ZEROS)
                        : null;
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static MultiHeadAttentionBuilder builder() {
        return new MultiHeadAttentionBuilder();
    }

    /**
     * Returns the size of what comes in.
     *
     * @return E
     */
    public int getInputs() {
        return projections.queryInputs();
    }

    /**
     * Returns the embedding that turns queries and keys, which a model needs to make its table once
     * for all layers.
     *
     * @return the embedding, or null
     */
    public @Nullable RotaryEmbedding getRotary() {
        return rotary;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        int most = cross ? 2 : 1;
        String layout =
                "x (B, S, "
                        + projections.queryInputs()
                        + ")"
                        + (cross ? ", memory (B, T, " + projections.memoryInputs() + ")" : "");
        if (inputShapes.length < 1 || inputShapes.length > most) {
            throw new IllegalArgumentException(
                    NAME
                            + " takes "
                            + most
                            + " input(s), "
                            + layout
                            + ", got "
                            + inputShapes.length);
        }
        Shape x = inputShapes[0];
        Checks.rank(NAME, x, "x (B, S, E)", 3);
        Checks.lastAxis(NAME, x, "inputs of query, key and value", projections.queryInputs());
        if (inputShapes.length == 2) {
            Checks.rank(NAME, inputShapes[1], "memory (B, T, M)", 3);
            Checks.lastAxis(
                    NAME, inputShapes[1], "inputs of key and value", projections.memoryInputs());
        }
        return new Shape[] {x.slice(0, 2).add(output.getOutputs())};
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape tokens = inputShapes[0].slice(0, 2);
        projections
                .named()
                .forEach(
                        (name, linear) ->
                                linear.initialize(
                                        manager, dataType, tokens.add(linear.getInputs())));
        output.initialize(manager, dataType, tokens.add(output.getInputs()));
        if (queryNorm != null) {
            queryNorm.initialize(
                    manager, dataType, tokens.add(projections.normed(true, normsWhole)));
        }
        if (keyNorm != null) {
            keyNorm.initialize(
                    manager, dataType, tokens.add(projections.normed(false, normsWhole)));
        }
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        AttentionPass pass = AttentionPass.of(x, AttentionContext.of(params), cross);
        PairList<String, Object> adapter = AdapterChoice.only(params);
        NDList heads =
                cross
                        ? crossHeads(store, inputs, training, adapter, pass)
                        : selfHeads(store, x, training, adapter, pass);
        AttentionOutput attended =
                pass.attend(
                        heads,
                        optionalValue(store, sinks, x, training),
                        training ? spec.withDropout(dropout) : spec);
        NDArray merged = Kernels.of(x).mergeHeads(attended.values());
        NDList outputs = new NDList(call(output, store, merged, training, adapter));
        if (attended.scores() != null) {
            outputs.add(attended.scores());
        }
        return outputs;
    }

    /** Queries, and all keys and values they may see. */
    private NDList selfHeads(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter,
            AttentionPass pass) {
        NDList heads = projections.isFused() ? fused(store, x, training, adapter) : null;
        NDArray q = heads == null ? query(store, x, training, adapter) : heads.get(0);
        NDArray k = heads == null ? key(store, x, training, adapter) : heads.get(1);
        NDArray v = heads == null ? value(store, x, training, adapter) : heads.get(2);
        if (!normsWhole) {
            q = normed(queryNorm, store, q, training);
            k = normed(keyNorm, store, k, training);
        }
        if (rotary != null) {
            Kernels kernels = Kernels.of(x);
            RotaryTable table = pass.table(rotary);
            q = kernels.rotate(q, table.forQueries());
            k = kernels.rotate(k, table.forKeys());
        }
        return pass.appended(q, k, v);
    }

    /** The same of a memory, whose keys and values may be in the cache already. */
    private NDList crossHeads(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> adapter,
            AttentionPass pass) {
        NDArray q = query(store, inputs.get(0), training, adapter);
        q = normsWhole ? q : normed(queryNorm, store, q, training);
        if (pass.hasMemory()) {
            return pass.withMemory(q, inputs);
        }
        if (inputs.size() < 2) {
            throw new IllegalArgumentException(
                    "cross-attention needs a memory (B, T, "
                            + projections.memoryInputs()
                            + ") as its second input, or its keys and values in the cache");
        }
        NDArray k = key(store, inputs.get(1), training, adapter);
        NDArray v = value(store, inputs.get(1), training, adapter);
        return pass.appended(q, normsWhole ? k : normed(keyNorm, store, k, training), v);
    }

    private NDArray query(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray flat = call(projections.query(), store, x, training, adapter);
        NDArray whole = normsWhole ? normed(queryNorm, store, flat, training) : flat;
        return Kernels.of(x).splitHeads(whole, queryHeads);
    }

    private NDArray key(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray flat = call(projections.key(), store, x, training, adapter);
        NDArray whole = normsWhole ? normed(keyNorm, store, flat, training) : flat;
        return Kernels.of(x).splitHeads(whole, projections.keyValueHeads());
    }

    private NDArray value(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray flat = call(projections.value(), store, x, training, adapter);
        return Kernels.of(x).splitHeads(flat, projections.keyValueHeads());
    }

    private NDList fused(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        NDArray flat = call(projections.fused(), store, x, training, adapter);
        return Kernels.of(x)
                .splitFusedHeads(
                        flat, queryHeads, projections.keyValueHeads(), projections.layout());
    }

    private static NDArray normed(
            @Nullable Block norm, ParameterStore store, NDArray x, boolean training) {
        return norm == null ? x : call(norm, store, x, training, null);
    }
}
