package io.github.djlblocks.attention;

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
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.AttentionOutput;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head latent attention (MLA): keys and values of all heads come from one small latent vector
 * a token, and one rotated part of the key is shared by all heads.
 *
 * <p>x (B, S, E). {@code (c, r) = split(x Wd)}, c (R), r (Dr); {@code (k_h, v_h) = split_h(norm(c)
 * Wu)}, k (Dn), v (Dv) of head h; {@code (q_h, s_h) = split_h(q(x))}, where {@code q(x) = x Wq} or
 * {@code norm(x Wa) Wb}. A score is {@code (q_h . k_h + rotate(s_h) . rotate(r)) * scale}, the
 * scale {@code 1 / sqrt(Dn + Dr)} by default; {@code y = merge(softmax(scores) v) Wo}, (B, S, E').
 *
 * <p>With {@link MultiHeadLatentAttentionBuilder#optLatentCache} the cache holds c and r in place
 * of the heads' keys and values, R + Dr numbers a token in place of H (Dn + Dr + Dv), and Wu is
 * applied to queries and outputs instead: {@code q . (c Wk) = (q Wk^T) . c}. The numbers are the
 * same but for rounding; it is cheaper for a token at a time, and dearer for a long prompt.
 *
 * <p>Masks, positions and caches come in an {@link AttentionContext}; asked by it, the weights (B,
 * H, S, T) follow the output.
 *
 * <p>DeepSeek-V2, arXiv 2405.04434, section 2.1; as Hugging Face {@code DeepseekV3Attention}.
 */
public final class MultiHeadLatentAttention extends KernelBlock {

    private static final String NAME = "MultiHeadLatentAttention";

    private final @Nullable Linear query;
    private final @Nullable Linear queryDown;
    private final @Nullable Block queryNorm;
    private final @Nullable Linear queryUp;
    private final Linear latentDown;
    private final Block latentNorm;
    private final Linear latentUp;
    private final Linear output;
    private final LatentSizes sizes;
    private final boolean latentCache;
    private final RotaryEmbedding rotary;
    private final AttentionSpec spec;
    private final double dropout;

    MultiHeadLatentAttention(MultiHeadLatentAttentionBuilder builder) {
        sizes = builder.sizes();
        query = builder.query() == null ? null : addChildBlock("query", builder.query());
        queryDown =
                builder.queryDown() == null
                        ? null
                        : addChildBlock("queryDown", builder.queryDown());
        queryNorm =
                builder.queryNorm() == null
                        ? null
                        : addChildBlock("queryNorm", builder.queryNorm());
        queryUp = builder.queryUp() == null ? null : addChildBlock("queryUp", builder.queryUp());
        latentDown = addChildBlock("latentDown", builder.latentDown());
        latentNorm = addChildBlock("latentNorm", builder.latentNorm());
        latentUp = addChildBlock("latentUp", builder.latentUp());
        output = addChildBlock("output", builder.output());
        latentCache = builder.isLatentCache();
        rotary = builder.rotary();
        spec = builder.spec();
        dropout = builder.dropout();
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static MultiHeadLatentAttentionBuilder builder() {
        return new MultiHeadLatentAttentionBuilder();
    }

    /**
     * Returns the embedding that turns the last Dr channels of queries and the shared part of keys.
     *
     * @return the embedding, for heads of Dr channels
     */
    public RotaryEmbedding getRotary() {
        return rotary;
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputShapes) {
        requireInputs(inputShapes, "x (B, S, " + latentDown.getInputs() + ")", 1);
        Checks.rank(NAME, inputShapes[0], "x (B, S, E)", 3);
        Checks.lastAxis(NAME, inputShapes[0], "inputs", latentDown.getInputs());
        return new Shape[] {inputShapes[0].slice(0, 2).add(output.getOutputs())};
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        Shape tokens = inputShapes[0].slice(0, 2);
        for (Linear linear : new Linear[] {query, queryDown, queryUp}) {
            if (linear != null) {
                linear.initialize(manager, dataType, tokens.add(linear.getInputs()));
            }
        }
        if (queryNorm != null && queryUp != null) {
            queryNorm.initialize(manager, dataType, tokens.add(queryUp.getInputs()));
        }
        latentDown.initialize(manager, dataType, inputShapes);
        latentNorm.initialize(manager, dataType, tokens.add(sizes.latent()));
        latentUp.initialize(manager, dataType, tokens.add(sizes.latent()));
        output.initialize(manager, dataType, tokens.add(output.getInputs()));
    }

    @Override
    protected NDList compute(
            ParameterStore store,
            NDList inputs,
            boolean training,
            @Nullable PairList<String, Object> params) {
        NDArray x = inputs.get(0);
        Kernels kernels = Kernels.of(x);
        AttentionPass pass = AttentionPass.of(x, AttentionContext.of(params), false);
        PairList<String, Object> adapter = AdapterChoice.only(params);
        RotaryTable table = pass.table(rotary);
        NDList q =
                kernels.splitChannels(
                        kernels.splitHeads(queries(store, x, training, adapter), sizes.heads()),
                        sizes.keyDim(),
                        sizes.rotaryDim());
        NDArray turned = kernels.rotate(q.get(1), table.forQueries());
        NDList latent =
                kernels.splitChannels(
                        call(latentDown, store, x, training, adapter),
                        sizes.latent(),
                        sizes.rotaryDim());
        NDArray c = call(latentNorm, store, latent.get(0), training, null);
        NDArray r = kernels.rotate(kernels.splitHeads(latent.get(1), 1), table.forKeys());
        AttentionSpec now = training ? spec.withDropout(dropout) : spec;

        AttentionOutput attended =
                latentCache
                        ? overLatents(store, pass, q.get(0), turned, c, r, now, training, adapter)
                        : overHeads(store, pass, q.get(0), turned, c, r, now, training, adapter);
        NDArray merged = kernels.mergeHeads(attended.values());
        NDList outputs = new NDList(call(output, store, merged, training, adapter));
        if (attended.scores() != null) {
            outputs.add(attended.scores());
        }
        return outputs;
    }

    private NDArray queries(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        if (query != null) {
            return call(query, store, x, training, adapter);
        }
        if (queryDown == null || queryNorm == null || queryUp == null) {
            throw new IllegalStateException("neither a query projection nor a latent one");
        }
        NDArray down = call(queryDown, store, x, training, adapter);
        NDArray normed = call(queryNorm, store, down, training, null);
        return call(queryUp, store, normed, training, adapter);
    }

    /** Keys and values of every head, as in any attention. */
    private AttentionOutput overHeads(
            ParameterStore store,
            AttentionPass pass,
            NDArray q,
            NDArray turned,
            NDArray c,
            NDArray r,
            AttentionSpec now,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        Kernels kernels = Kernels.of(c);
        NDArray up = call(latentUp, store, c, training, adapter);
        NDList heads =
                kernels.splitChannels(
                        kernels.splitHeads(up, sizes.heads()), sizes.keyDim(), sizes.valueDim());
        NDArray k = kernels.joinChannels(heads.get(0), r);
        return pass.attend(
                pass.appended(kernels.joinChannels(q, turned), k, heads.get(1)), null, now);
    }

    /** One key/value head, the latent itself: (B, H, S, R + Dr) over (B, 1, T, R + Dr). */
    private AttentionOutput overLatents(
            ParameterStore store,
            AttentionPass pass,
            NDArray q,
            NDArray turned,
            NDArray c,
            NDArray r,
            AttentionSpec now,
            boolean training,
            @Nullable PairList<String, Object> adapter) {
        Kernels kernels = Kernels.of(c);
        NDArray weight = latentUp.weight(store, c, training, adapter);
        NDList up = kernels.splitHeadRows(weight, sizes.heads(), sizes.keyDim(), sizes.valueDim());
        NDArray inLatent = kernels.headLinear(q, up.get(0));
        NDList held = pass.appended(q, kernels.splitHeads(c, 1), r);
        NDArray keys = kernels.joinChannels(held.get(1), held.get(2));
        NDList heads = new NDList(kernels.joinChannels(inLatent, turned), keys, held.get(1));
        AttentionOutput attended = pass.attend(heads, null, now);
        NDArray values = kernels.headLinear(attended.values(), kernels.transposeLast(up.get(1)));
        return new AttentionOutput(values, attended.scores());
    }
}
