package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.UnaryBlock;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.AttentionSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.position.RotaryEmbedding;
import org.jspecify.annotations.Nullable;

/**
 * Multi-head self-attention; with fewer key/value heads than query heads, grouped-query attention
 * (GQA), with one, multi-query attention (MQA).
 *
 * <p>{@code y = merge(softmax(q k^T * scale + mask) v) Wo}, with {@code q = rotate(split(x Wq))},
 * {@code k = rotate(split(x Wk))}, {@code v = split(x Wv)}. Input x (B, S, E), output (B, S, E'),
 * where E' is what the output projection gives. Query head {@code h} reads key/value head {@code h
 * / (H / K)}; headDim times H need not be E. Mask, positions and cache come in an {@link
 * AttentionContext}; with a cache the keys are those that have passed and those of x, and a causal
 * query sees those before it and itself. A query that may see no key gives 0 before the output
 * projection.
 *
 * <p>Vaswani et al., arXiv 1706.03762; Shazeer, arXiv 1911.02150 (MQA); Ainslie et al., arXiv
 * 2305.13245 (GQA). The semantics are those of the ONNX {@code Attention} operator; projections as
 * in Hugging Face {@code LlamaAttention}.
 */
public final class MultiHeadAttention extends UnaryBlock {

    private final int queryHeads;
    private final int keyValueHeads;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;
    private final AttentionSpec spec;
    private final @Nullable RotaryEmbedding rotary;

    private MultiHeadAttention(Builder builder) {
        super("x (B, S, " + Builder.required("query", builder.query).getInputs() + ")");
        query = addChildBlock("query", Builder.required("query", builder.query));
        key = addChildBlock("key", Builder.required("key", builder.key));
        value = addChildBlock("value", Builder.required("value", builder.value));
        output = addChildBlock("output", Builder.required("output", builder.output));
        queryHeads = Checks.positive("queryHeads", builder.queryHeads);
        keyValueHeads =
                builder.keyValueHeads == null
                        ? queryHeads
                        : Checks.positive("keyValueHeads", builder.keyValueHeads);
        rotary = builder.rotary;
        int headDim = checkSizes();
        double scale = builder.scale == null ? 1 / Math.sqrt(headDim) : builder.scale;
        spec = new AttentionSpec(scale, builder.causal);
    }

    private int checkSizes() {
        if (queryHeads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "queryHeads ("
                            + queryHeads
                            + ") must be a multiple of keyValueHeads ("
                            + keyValueHeads
                            + ")");
        }
        int headDim = perHead("query", query, "queryHeads", queryHeads);
        int keyDim = perHead("key", key, "keyValueHeads", keyValueHeads);
        int valueDim = perHead("value", value, "keyValueHeads", keyValueHeads);
        if (headDim != keyDim) {
            throw new IllegalArgumentException(
                    "query has "
                            + headDim
                            + " channels a head but key has "
                            + keyDim
                            + ": their product needs the same");
        }
        if (output.getInputs() != queryHeads * valueDim) {
            throw new IllegalArgumentException(
                    "output takes "
                            + output.getInputs()
                            + " channels but "
                            + queryHeads
                            + " heads of "
                            + valueDim
                            + " channels give "
                            + queryHeads * valueDim);
        }
        if (query.getInputs() != key.getInputs() || key.getInputs() != value.getInputs()) {
            throw new IllegalArgumentException(
                    "query, key and value take "
                            + query.getInputs()
                            + ", "
                            + key.getInputs()
                            + " and "
                            + value.getInputs()
                            + " channels: self-attention gives all three the same input");
        }
        if (rotary != null && rotary.getHeadDim() != headDim) {
            throw new IllegalArgumentException(
                    "rotary embedding for headDim ("
                            + rotary.getHeadDim()
                            + ") does not fit heads of "
                            + headDim
                            + " channels");
        }
        return headDim;
    }

    private static int perHead(String name, Linear projection, String headsName, int heads) {
        if (projection.getOutputs() % heads != 0) {
            throw new IllegalArgumentException(
                    name
                            + " gives "
                            + projection.getOutputs()
                            + " channels, which "
                            + headsName
                            + " ("
                            + heads
                            + ") does not divide");
        }
        return projection.getOutputs() / heads;
    }

    /**
     * Returns a builder.
     *
     * @return a new builder
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    protected Shape outputShape(Shape input) {
        Checks.rank("MultiHeadAttention", input, "x (B, S, E)", 3);
        Checks.lastAxis(
                "MultiHeadAttention", input, "inputs of query, key and value", query.getInputs());
        return input.slice(0, 2).add(output.getOutputs());
    }

    @Override
    protected void initializeChildBlocks(
            NDManager manager, DataType dataType, Shape... inputShapes) {
        query.initialize(manager, dataType, inputShapes);
        key.initialize(manager, dataType, inputShapes);
        value.initialize(manager, dataType, inputShapes);
        output.initialize(manager, dataType, inputShapes[0].slice(0, 2).add(output.getInputs()));
    }

    @Override
    protected NDArray compute(
            ParameterStore store,
            NDArray x,
            boolean training,
            @Nullable PairList<String, Object> params) {
        AttentionContext context = AttentionContext.of(params);
        Kernels kernels = Kernels.of(x);
        NDArray q = kernels.splitHeads(call(query, store, x, training, null), queryHeads);
        NDArray k = kernels.splitHeads(call(key, store, x, training, null), keyValueHeads);
        NDArray v = kernels.splitHeads(call(value, store, x, training, null), keyValueHeads);
        if (rotary != null) {
            RotaryTable table = rotaryTable(rotary, context, x);
            q = kernels.rotate(q, table);
            k = kernels.rotate(k, table);
        }
        if (context.cache() != null) {
            NDList all = context.cache().append(k, v);
            k = all.get(0);
            v = all.get(1);
        }
        NDArray attended = kernels.attention(q, k, v, context.mask(), spec);
        return call(output, store, kernels.mergeHeads(attended), training, null);
    }

    @SuppressWarnings("ReferenceEquality") // a table is valid for the very embedding that made it
    private static RotaryTable rotaryTable(
            RotaryEmbedding rotary, AttentionContext context, NDArray x) {
        if (context.rotaryTable() != null && context.rotary() == rotary) {
            return context.rotaryTable();
        }
        NDArray positions = context.positions();
        if (positions == null) {
            long past = context.cache() == null ? 0 : context.cache().length();
            positions = Kernels.of(x).positions(x, 1, past);
        }
        return rotary.table(positions, x.getDataType());
    }

    /** Builds a {@link MultiHeadAttention}. */
    public static final class Builder {

        private @Nullable Linear query;
        private @Nullable Linear key;
        private @Nullable Linear value;
        private @Nullable Linear output;
        private int queryHeads;
        private @Nullable Integer keyValueHeads;
        private @Nullable Double scale;
        private boolean causal;
        private @Nullable RotaryEmbedding rotary;

        private Builder() {}

        /**
         * Sets the projections, with or without bias.
         *
         * @param query E to H * D
         * @param key E to K * D
         * @param value E to K * Dv
         * @param output H * Dv to E'
         * @return this builder
         */
        public Builder setProjections(Linear query, Linear key, Linear value, Linear output) {
            this.query = query;
            this.key = key;
            this.value = value;
            this.output = output;
            return this;
        }

        /**
         * Sets the number of query heads.
         *
         * @param queryHeads H
         * @return this builder
         */
        public Builder setQueryHeads(int queryHeads) {
            this.queryHeads = queryHeads;
            return this;
        }

        /**
         * Sets the number of key/value heads, as many as query heads by default.
         *
         * @param keyValueHeads K, a divisor of H
         * @return this builder
         */
        public Builder optKeyValueHeads(int keyValueHeads) {
            this.keyValueHeads = keyValueHeads;
            return this;
        }

        /**
         * Sets the factor of the scores, {@code 1 / sqrt(D)} by default.
         *
         * @param scale above 0
         * @return this builder
         */
        public Builder optScale(double scale) {
            this.scale = scale;
            return this;
        }

        /**
         * Keeps queries from later keys.
         *
         * @param causal false by default
         * @return this builder
         */
        public Builder optCausal(boolean causal) {
            this.causal = causal;
            return this;
        }

        /**
         * Turns queries and keys by their positions.
         *
         * @param rotary the embedding, for heads of D channels
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
        public MultiHeadAttention build() {
            return new MultiHeadAttention(this);
        }

        private static Linear required(String name, @Nullable Linear projection) {
            if (projection == null) {
                throw new IllegalArgumentException(
                        "the " + name + " projection is missing: call setProjections");
            }
            return projection;
        }
    }
}
