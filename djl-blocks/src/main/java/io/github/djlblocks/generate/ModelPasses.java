package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.model.CausalLanguageModel;
import org.jspecify.annotations.Nullable;

/**
 * A model as generation uses it: passes over the rows of a batch, each of which continues those
 * before. All native memory is its own.
 */
abstract class ModelPasses implements AutoCloseable {

    private final NDManager manager;
    private final ParameterStore store;
    private final KeyValueCache cache;
    private final @Nullable AdapterChoice adapter;
    private @Nullable NDManager step;
    private int passes;
    private long tokensRead;

    /**
     * Creates passes.
     *
     * @param adapter which adapter of the model applies, or none
     */
    ModelPasses(NDManager manager, KeyValueCache cache, @Nullable AdapterChoice adapter) {
        this.manager = manager;
        this.cache = cache;
        this.adapter = adapter;
        store = new ParameterStore(manager, false);
    }

    static NDManager newManager(NDManager parent) {
        NDManager manager = parent.newSubManager();
        manager.setName("generation");
        return manager;
    }

    /**
     * Reads more tokens of every row.
     *
     * @param tokens for each row the same number
     * @param lastOnly whether logits of the last position are enough
     * @return (B, 1, V) or (B, S, V), valid until the next pass
     */
    final NDArray read(long[][] tokens, boolean lastOnly) {
        if (step != null) {
            step.close();
        }
        NDManager mine = manager.newSubManager();
        step = mine;
        PairList<String, Object> params = new PairList<>();
        params.add(CausalLanguageModel.CACHE, cache);
        if (lastOnly) {
            params.add(CausalLanguageModel.LAST_ONLY, true);
        }
        addAdapter(params);
        NDArray logits = forward(mine, tokens, params);
        passes++;
        tokensRead += (long) tokens.length * tokens[0].length;
        return logits;
    }

    /** Says which adapter applies. */
    final void addAdapter(PairList<String, Object> params) {
        if (adapter != null) {
            params.add(AdapterChoice.KEY, adapter);
        }
    }

    /** Runs the model on arrays of a manager that the result belongs to. */
    abstract NDArray forward(NDManager owner, long[][] tokens, PairList<String, Object> params);

    /** The most tokens of a row that can be read. */
    abstract int contextLength();

    /** Continues with other rows: for each new one the old one it goes on from. */
    void reorder(int... rows) {
        cache.reorder(rows);
    }

    final NDManager manager() {
        return manager;
    }

    final ParameterStore store() {
        return store;
    }

    /** How many tokens of a row are in the cache, padding included. */
    final int length() {
        return Math.toIntExact(cache.length());
    }

    /** Goes back to when fewer tokens had been read. */
    final void truncate(int length) {
        if (length < length()) {
            cache.truncate(length);
        }
    }

    final int passes() {
        return passes;
    }

    final long tokensRead() {
        return tokensRead;
    }

    @Override
    public final void close() {
        manager.close();
    }
}
