package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The names of the arrays in params, as arguments of a method. */
final class ParamNames {

    private ParamNames() {}

    /** In the order in which {@link PassArguments} takes them. */
    static List<String> of(@Nullable PairList<String, Object> params) {
        List<String> names = new ArrayList<>();
        if (params == null) {
            return names;
        }
        for (Pair<String, Object> param : params) {
            if (param.getValue() instanceof NDArray) {
                names.add(ArgumentNames.require(param.getKey()));
            } else if (param.getValue() instanceof AttentionContext context) {
                addParts(context, names);
            }
        }
        return names;
    }

    private static void addParts(AttentionContext context, List<String> names) {
        int before = names.size();
        add(context.mask(), "mask", names);
        add(context.bias(), "bias", names);
        add(context.segments(), "segments", names);
        add(context.positions(), "positions", names);
        add(context.memoryMask(), "memory_mask", names);
        int named = names.size() - before;
        int[] count = {0};
        context.map(
                array -> {
                    count[0]++;
                    if (count[0] > named) {
                        names.add("rotary_" + (count[0] - named));
                    }
                    return array;
                },
                slot -> slot);
    }

    private static void add(@Nullable NDArray part, String name, List<String> names) {
        if (part != null) {
            names.add(name);
        }
    }
}
