package io.github.djlblocks.family;

import io.github.djlblocks.internal.ConfigReader;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.position.RotaryScaling;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which layers of ModernBERT see everything and which a window, and how each turns queries and
 * keys: as transformers 4 writes it, or with the {@code layer_types} and {@code rope_parameters} of
 * transformers 5.
 *
 * @param isLocal for each layer, whether it sees a window
 * @param reach tokens on each side that such a layer sees
 * @param global turns queries and keys of the other layers
 * @param local turns those of layers that see a window
 */
record ModernBertLayers(List<Boolean> isLocal, int reach, RotarySpec global, RotarySpec local) {

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";
    private static final double THETA = 160_000;

    static ModernBertLayers of(ConfigReader json, int headDim, int maxPositions) {
        int count = json.integer("num_hidden_layers", 22);
        int every = json.integer("global_attn_every_n_layers", 3);
        int window = json.integer("local_attention", 128);
        List<Boolean> isLocal = new ArrayList<>();
        if (json.has("layer_types")) {
            for (String type : json.texts("layer_types")) {
                if (!Set.of(FULL, SLIDING).contains(type)) {
                    throw json.unknown("layer_types", type, Set.of(FULL, SLIDING));
                }
                isLocal.add(type.equals(SLIDING));
            }
            if (isLocal.size() != count) {
                throw new IllegalArgumentException(
                        "layer_types names "
                                + isLocal.size()
                                + " layers, but num_hidden_layers is "
                                + count);
            }
        } else {
            for (int i = 0; i < count; i++) {
                isLocal.add(i % every != 0);
            }
        }
        double global = json.number("global_rope_theta", THETA);
        double local =
                json.isNull("local_rope_theta") ? global : json.number("local_rope_theta", 10_000);
        return new ModernBertLayers(
                List.copyOf(isLocal),
                window / 2,
                rotary(json, headDim, maxPositions, FULL, global),
                rotary(json, headDim, maxPositions, SLIDING, local));
    }

    private static RotarySpec rotary(
            ConfigReader json, int headDim, int maxPositions, String type, double theta) {
        return json.has("rope_parameters")
                ? RotaryConfig.of(json, maxPositions, type)
                        .spec(headDim, RotaryLayout.HALF_SPLIT, theta, 1)
                : RotaryScaling.none().spec(theta, headDim, RotaryLayout.HALF_SPLIT);
    }

    int count() {
        return isLocal.size();
    }

    boolean isLocal(int layer) {
        return isLocal.get(layer);
    }
}
