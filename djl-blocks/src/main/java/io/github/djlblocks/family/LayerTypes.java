package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/** Which layers see a window only, and which see everything. */
final class LayerTypes {

    static final String FIELD = "layer_types";
    static final String LOCAL = "sliding_attention";
    static final String GLOBAL = "full_attention";

    private final int window;
    private final List<Boolean> local;

    private LayerTypes(int window, List<Boolean> local) {
        this.window = window;
        this.local = local;
    }

    /** As {@code layer_types} says, or where it is absent a rule. */
    static LayerTypes of(ConfigReader json, int layers, IntPredicate rule) {
        List<Boolean> local = new ArrayList<>();
        if (json.has(FIELD)) {
            for (String type : json.texts(FIELD)) {
                if (!type.equals(LOCAL) && !type.equals(GLOBAL)) {
                    throw json.unknown(FIELD, type, Set.of(LOCAL, GLOBAL));
                }
                local.add(type.equals(LOCAL));
            }
            if (local.size() != layers) {
                throw json.refusal(
                        FIELD
                                + " ("
                                + local.size()
                                + ") must be one for each of num_hidden_layers ("
                                + layers
                                + ")");
            }
        } else {
            for (int i = 0; i < layers; i++) {
                local.add(rule.test(i));
            }
        }
        return new LayerTypes(local.contains(true) ? json.integer("sliding_window") : 0, local);
    }

    boolean isLocal(int layer) {
        return local.get(layer);
    }

    /** Tokens a token sees, itself one of them; 0 for all before it. */
    int window(int layer) {
        return isLocal(layer) ? window : 0;
    }
}
