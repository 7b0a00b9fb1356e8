package io.github.djlblocks.attention;

import ai.djl.ndarray.NDArray;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.Params;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.position.RotaryEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What attention is told in one forward pass besides its input: masks, positions, caches.
 *
 * <p>It travels through DJL's {@code params} of {@link ai.djl.nn.Block#forward}, so that every
 * block between a model and its attention hands it on without knowing it. Immutable; the {@code
 * with} methods return changed copies.
 *
 * <p>Masks are BOOLEAN (true: look) or floating (added to the scores; from -5e29 down, minus
 * infinity included, they block), broadcastable to (B, H, S, T); fewer axes than four are the last
 * ones. {@link io.github.djlblocks.kernel.AttentionKernels} makes them from lengths, padding and
 * segments.
 */
public final class AttentionContext {

    /** Under this key a context lies in {@code params}. */
    public static final String KEY = "attentionContext";

    private static final AttentionContext NONE = new AttentionContext();

    private @Nullable NDArray mask;
    private @Nullable NDArray bias;
    private @Nullable NDArray segments;
    private @Nullable NDArray positions;
    private KeyValueCache.@Nullable Slot cache;
    private @Nullable NDArray memoryMask;
    private KeyValueCache.@Nullable Slot memoryCache;
    private @Nullable TableOf tables;
    private boolean weights;

    private AttentionContext() {}

    private AttentionContext(AttentionContext other) {
        mask = other.mask;
        bias = other.bias;
        segments = other.segments;
        positions = other.positions;
        cache = other.cache;
        memoryMask = other.memoryMask;
        memoryCache = other.memoryCache;
        tables = other.tables;
        weights = other.weights;
    }

    /** Tables made beforehand, as a list from the newest to the oldest. */
    private record TableOf(RotaryEmbedding rotary, RotaryTable table, @Nullable TableOf next) {}

    /**
     * Returns a context that says nothing.
     *
     * @return no mask, no cache, positions from 0
     */
    public static AttentionContext none() {
        return NONE;
    }

    /**
     * Reads the context from the params of a forward pass.
     *
     * @param params the params, or none
     * @return the context in them, or {@link #none()}
     * @throws IllegalArgumentException if what lies under {@link #KEY} is no context
     */
    public static AttentionContext of(@Nullable PairList<String, Object> params) {
        AttentionContext context = Params.get(params, KEY, AttentionContext.class);
        return context == null ? NONE : context;
    }

    /**
     * Puts this context into params for a forward pass.
     *
     * @return params with this context alone
     */
    public PairList<String, Object> toParams() {
        PairList<String, Object> params = new PairList<>();
        params.add(KEY, this);
        return params;
    }

    /**
     * Returns this context with a mask of self-attention.
     *
     * @param newMask broadcastable to (B, H, S, T), or none
     * @return a context with it
     */
    public AttentionContext withMask(@Nullable NDArray newMask) {
        AttentionContext copy = new AttentionContext(this);
        copy.mask = newMask;
        return copy;
    }

    /**
     * Returns this context with a bias of the scores of self-attention, such as that of relative
     * positions.
     *
     * @param newBias floating, broadcastable to (B, H, S, T), or none
     * @return a context with it
     */
    public AttentionContext withBias(@Nullable NDArray newBias) {
        AttentionContext copy = new AttentionContext(this);
        copy.bias = newBias;
        return copy;
    }

    /**
     * Returns this context with the segment of each token, for several sequences packed into one
     * row: a token sees those of its own segment. Give positions too, that start at each anew.
     *
     * @param newSegments INT64 or INT32, (B, S) or (1, S), of a pass without a cache; or none
     * @return a context with them
     */
    public AttentionContext withSegments(@Nullable NDArray newSegments) {
        AttentionContext copy = new AttentionContext(this);
        copy.segments = newSegments;
        return copy;
    }

    /**
     * Returns this context with positions.
     *
     * @param newPositions INT64 or INT32, (B, S) or (1, S)
     * @return a context with them, without rotary tables
     */
    public AttentionContext withPositions(NDArray newPositions) {
        AttentionContext copy = new AttentionContext(this);
        copy.positions = newPositions;
        copy.tables = null;
        return copy;
    }

    /**
     * Returns this context with a cache slot of self-attention.
     *
     * @param newCache the slot of the layer, or none
     * @return a context with it
     */
    public AttentionContext withCache(KeyValueCache.@Nullable Slot newCache) {
        AttentionContext copy = new AttentionContext(this);
        copy.cache = newCache;
        return copy;
    }

    /**
     * Returns this context with what cross-attention is told.
     *
     * @param newMask its mask over the memory, broadcastable to (B, H, S, T), or none
     * @param newCache the slot that keeps the keys and values of the memory, or none
     * @return a context with them
     */
    public AttentionContext withMemory(
            @Nullable NDArray newMask, KeyValueCache.@Nullable Slot newCache) {
        AttentionContext copy = new AttentionContext(this);
        copy.memoryMask = newMask;
        copy.memoryCache = newCache;
        return copy;
    }

    /**
     * Returns this context with a table made beforehand. A model whose layers have several
     * embeddings adds one for each.
     *
     * @param rotary the embedding it was made with
     * @param table its table of these positions
     * @return a context with it
     */
    public AttentionContext withRotaryTable(RotaryEmbedding rotary, RotaryTable table) {
        AttentionContext copy = new AttentionContext(this);
        copy.tables = new TableOf(rotary, table, tables);
        return copy;
    }

    /**
     * Returns this context, asking attention for its weights as a second output.
     *
     * @param newWeights whether (B, H, S, T) follows the output
     * @return a context that asks
     */
    public AttentionContext withWeights(boolean newWeights) {
        AttentionContext copy = new AttentionContext(this);
        copy.weights = newWeights;
        return copy;
    }

    /**
     * Returns the mask of self-attention.
     *
     * @return the mask, or null
     */
    public @Nullable NDArray mask() {
        return mask;
    }

    /**
     * Returns the bias of the scores of self-attention.
     *
     * @return the bias, or null
     */
    public @Nullable NDArray bias() {
        return bias;
    }

    /**
     * Returns the segment of each token.
     *
     * @return (B, S) or (1, S), or null
     */
    public @Nullable NDArray segments() {
        return segments;
    }

    /**
     * Returns the positions of the queries; by default they continue the cache.
     *
     * @return (B, S) or (1, S), or null
     */
    public @Nullable NDArray positions() {
        return positions;
    }

    /**
     * Returns the cache slot of self-attention.
     *
     * @return the slot, or null
     */
    public KeyValueCache.@Nullable Slot cache() {
        return cache;
    }

    /**
     * Returns the mask of cross-attention.
     *
     * @return the mask, or null
     */
    public @Nullable NDArray memoryMask() {
        return memoryMask;
    }

    /**
     * Returns the cache slot of cross-attention.
     *
     * @return the slot, or null
     */
    public KeyValueCache.@Nullable Slot memoryCache() {
        return memoryCache;
    }

    /**
     * Returns the table made beforehand with an embedding, or with another of the same spec.
     *
     * @param rotary the embedding
     * @return its table, or null
     */
    public @Nullable RotaryTable rotaryTable(RotaryEmbedding rotary) {
        for (TableOf at = tables; at != null; at = at.next()) {
            if (at.rotary().getSpec().equals(rotary.getSpec())) {
                return at.table();
            }
        }
        return null;
    }

    /**
     * Returns whether attention gives its weights as a second output.
     *
     * @return whether they were asked for
     */
    public boolean weights() {
        return weights;
    }

    /**
     * Returns this context with other arrays and slots, in the same places.
     *
     * @param arrays makes an array of each that it holds
     * @param slots makes a slot of each that it holds
     * @return a context with them
     */
    public AttentionContext map(
            UnaryOperator<NDArray> arrays, UnaryOperator<KeyValueCache.Slot> slots) {
        AttentionContext copy = new AttentionContext();
        copy.mask = mapped(mask, arrays);
        copy.bias = mapped(bias, arrays);
        copy.segments = mapped(segments, arrays);
        copy.positions = mapped(positions, arrays);
        copy.cache = mapped(cache, slots);
        copy.memoryMask = mapped(memoryMask, arrays);
        copy.memoryCache = mapped(memoryCache, slots);
        copy.weights = weights;
        copy.tables = mapped(tables, arrays);
        return copy;
    }

    private static <T> @Nullable T mapped(@Nullable T given, UnaryOperator<T> mapping) {
        return given == null ? null : mapping.apply(given);
    }

    private static @Nullable TableOf mapped(
            @Nullable TableOf tables, UnaryOperator<NDArray> arrays) {
        if (tables == null) {
            return null;
        }
        TableOf next = mapped(tables.next(), arrays);
        return new TableOf(tables.rotary(), mapped(tables.table(), arrays), next);
    }

    private static RotaryTable mapped(RotaryTable table, UnaryOperator<NDArray> arrays) {
        RotaryTable keys = table.keys() == null ? null : mapped(table.keys(), arrays);
        return new RotaryTable(
                arrays.apply(table.cos()), arrays.apply(table.sin()), table.layout(), keys);
    }

    /**
     * Returns what it says besides the numbers of its arrays: two contexts of equal structure lead
     * to the same computation over other arrays.
     *
     * @return what is there and what is not, and what is not an array
     */
    public List<Object> structure() {
        List<Object> structure = new ArrayList<>();
        for (Object part :
                new @Nullable Object[] {
                    mask, bias, segments, positions, cache, memoryMask, memoryCache
                }) {
            structure.add(part != null);
        }
        structure.add(weights);
        for (TableOf at = tables; at != null; at = at.next()) {
            structure.add(at.rotary().getSpec());
        }
        return structure;
    }
}
