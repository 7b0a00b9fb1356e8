package io.github.djlblocks.core;

import ai.djl.nn.Block;
import ai.djl.util.PairList;
import org.jspecify.annotations.Nullable;

/** Looks for the adapter that a pass chooses, once a pass: blocks below are told what was found. */
final class AdapterLookup {

    private volatile @Nullable KnownAdapters known;

    /** The params with the choice in the place of a name that has not been looked for yet. */
    @Nullable PairList<String, Object> checked(
            Block root, @Nullable PairList<String, Object> params) {
        String name = AdapterChoice.unchecked(params);
        if (name == null || params == null) {
            return params;
        }
        KnownAdapters now = KnownAdapters.of(root, known);
        known = now;
        return AdapterChoice.checked(params, now.choice(name));
    }
}
