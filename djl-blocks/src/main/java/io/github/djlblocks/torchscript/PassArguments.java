package io.github.djlblocks.torchscript;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.util.Pair;
import ai.djl.util.PairList;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.core.AdapterChoice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one pass is given, taken apart: arrays, caches, and the rest, which is the {@link
 * #signature}. Passes of equal signature are the same computation over other arrays.
 */
final class PassArguments {

    private final List<NDArray> arrays = new ArrayList<>();
    private final List<CacheArgument> caches = new ArrayList<>();
    private final List<Object> signature = new ArrayList<>();
    private final NDList inputs;
    private final @Nullable PairList<String, Object> params;

    PassArguments(NDList inputs, @Nullable PairList<String, Object> params) {
        this.inputs = inputs;
        this.params = params;
        inputs.forEach(this::take);
        if (params != null) {
            for (Pair<String, Object> param : params) {
                signature.add(param.getKey());
                take(param.getKey(), param.getValue());
            }
        }
    }

    private void take(String key, @Nullable Object value) {
        if (value == null) {
            signature.add("none");
        } else if (value instanceof NDArray array) {
            take(array);
        } else if (value instanceof KeyValueCache cache) {
            take(CacheArgument.of(cache));
        } else if (value instanceof AttentionContext context) {
            signature.add(context.structure());
            context.map(
                    array -> {
                        take(array);
                        return array;
                    },
                    slot -> {
                        take(CacheArgument.of(slot));
                        return slot;
                    });
        } else if (value instanceof Boolean
                || value instanceof Number
                || value instanceof String
                || value instanceof AdapterChoice
                || value instanceof Enum<?>) {
            signature.add(value);
        } else {
            throw new UnsupportedOperationException(
                    "param " + key + " of " + value.getClass().getSimpleName() + " is not known");
        }
    }

    private void take(NDArray array) {
        arrays.add(array);
        signature.add(array.getDataType());
        for (long extent : array.getShape().getShape()) {
            // None at all is mostly refused, and one broadcasts.
            signature.add(Math.min(extent, 2));
        }
        signature.add("/");
    }

    private void take(CacheArgument cache) {
        caches.add(cache);
        signature.add(cache.structure());
    }

    List<NDArray> arrays() {
        return arrays;
    }

    List<CacheArgument> caches() {
        return caches;
    }

    List<Object> signature() {
        return signature;
    }

    NDList inputs() {
        return inputs;
    }

    /** The params with symbolic arrays and caches in the places of the real ones. */
    @Nullable PairList<String, Object> traced(
            List<? extends NDArray> tracedArrays, List<? extends KeyValueCache> tracedCaches) {
        if (params == null) {
            return null;
        }
        Places places = new Places(tracedArrays, tracedCaches, inputs.size());
        PairList<String, Object> traced = new PairList<>();
        for (Pair<String, Object> param : params) {
            Object value = param.getValue();
            if (value instanceof NDArray) {
                value = places.array();
            } else if (value instanceof KeyValueCache) {
                value = places.cache();
            } else if (value instanceof AttentionContext context) {
                value = context.map(array -> places.array(), slot -> places.cache().slot(0));
            }
            traced.add(param.getKey(), value);
        }
        return traced;
    }

    private static final class Places {
        private final List<? extends NDArray> arrays;
        private final List<? extends KeyValueCache> caches;
        private int nextArray;
        private int nextCache;

        Places(
                List<? extends NDArray> arrays,
                List<? extends KeyValueCache> caches,
                int firstArray) {
            this.arrays = arrays;
            this.caches = caches;
            nextArray = firstArray;
        }

        NDArray array() {
            return arrays.get(nextArray++);
        }

        KeyValueCache cache() {
            return caches.get(nextCache++);
        }
    }
}
