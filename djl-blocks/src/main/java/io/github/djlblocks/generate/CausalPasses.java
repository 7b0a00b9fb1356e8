package io.github.djlblocks.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import io.github.djlblocks.model.CausalLanguageModel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Passes of a {@link CausalLanguageModel}. Rows may begin with padding, which is masked; positions
 * count from the first real token, as in Hugging Face {@code generate}.
 */
final class CausalPasses extends ModelPasses {

    private final CausalLanguageModel model;
    private int[] padding;

    private CausalPasses(
            CausalLanguageModel model,
            NDManager manager,
            KeyValueCache cache,
            @Nullable AdapterChoice adapter,
            int... padding) {
        super(manager, cache, adapter);
        this.model = model;
        this.padding = padding;
    }

    /** With a cache of its own. */
    static CausalPasses start(
            CausalLanguageModel model,
            NDManager parent,
            @Nullable AdapterChoice adapter,
            int... padding) {
        NDManager manager = newManager(parent);
        return new CausalPasses(
                model,
                manager,
                KeyValueCache.growing(manager, model.getLayers()),
                adapter,
                padding);
    }

    /** With a cache of one row that outlives it. */
    static CausalPasses resume(
            CausalLanguageModel model,
            NDManager parent,
            KeyValueCache cache,
            @Nullable AdapterChoice adapter) {
        return new CausalPasses(model, newManager(parent), cache, adapter, 0);
    }

    @Override
    NDArray forward(NDManager owner, long[][] tokens, PairList<String, Object> params) {
        return model.forward(store(), inputs(owner, tokens), false, params).get(0);
    }

    /** Ids, and for a padded batch also mask and positions. */
    private NDList inputs(NDManager owner, long[][] tokens) {
        NDList inputs = new NDList(owner.create(tokens));
        if (Arrays.stream(padding).allMatch(count -> count == 0)) {
            return inputs;
        }
        int width = tokens[0].length;
        int length = length() + width;
        long[][] mask = new long[tokens.length][length];
        long[][] positions = new long[tokens.length][width];
        for (int row = 0; row < tokens.length; row++) {
            Arrays.fill(mask[row], padding[row], length, 1);
            for (int s = 0; s < width; s++) {
                int position = length - width + s - padding[row];
                // Padding has no position; Hugging Face gives it 1.
                positions[row][s] = position < 0 ? 1 : position;
            }
        }
        inputs.add(owner.create(mask));
        inputs.add(owner.create(positions));
        return inputs;
    }

    @Override
    int contextLength() {
        return model.getContextLength();
    }

    @Override
    void reorder(int... rows) {
        super.reorder(rows);
        int[] old = padding;
        padding = Arrays.stream(rows).map(row -> old[row]).toArray();
    }
}
