package io.github.djlblocks.attention;

import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.Checks;
import io.github.djlblocks.kernel.FusedHeadLayout;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The projections into heads, three or one, and the sizes that follow from them. */
record Projections(
        @Nullable Linear separateQuery,
        @Nullable Linear separateKey,
        @Nullable Linear separateValue,
        @Nullable Linear fusedLinear,
        FusedHeadLayout layout,
        int queryHeads,
        int keyValueHeads,
        int headDim,
        int valueDim) {

    static Projections separate(
            Linear query, Linear key, Linear value, int queryHeads, int keyValueHeads) {
        requireGroups(queryHeads, keyValueHeads);
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
        return new Projections(
                query,
                key,
                value,
                null,
                FusedHeadLayout.QUERY_KEY_VALUE,
                queryHeads,
                keyValueHeads,
                headDim,
                valueDim);
    }

    static Projections fused(
            Linear fused, FusedHeadLayout layout, int queryHeads, int keyValueHeads) {
        requireGroups(queryHeads, keyValueHeads);
        int heads = queryHeads + 2 * keyValueHeads;
        int headDim = perHead("the fused projection", fused, "queryHeads + 2 keyValueHeads", heads);
        return new Projections(
                null, null, null, fused, layout, queryHeads, keyValueHeads, headDim, headDim);
    }

    boolean isFused() {
        return fusedLinear != null;
    }

    Linear query() {
        return part(separateQuery);
    }

    Linear key() {
        return part(separateKey);
    }

    Linear value() {
        return part(separateValue);
    }

    Linear fused() {
        return part(fusedLinear);
    }

    int queryInputs() {
        return (isFused() ? fused() : query()).getInputs();
    }

    int memoryInputs() {
        return (isFused() ? fused() : key()).getInputs();
    }

    /** The channels a norm of queries or keys sees. */
    int normed(boolean queries, boolean whole) {
        return whole ? headDim * (queries ? queryHeads : keyValueHeads) : headDim;
    }

    Map<String, Linear> named() {
        Map<String, Linear> named = new LinkedHashMap<>();
        if (isFused()) {
            named.put("queryKeyValue", fused());
        } else {
            named.put("query", query());
            named.put("key", key());
            named.put("value", value());
        }
        return named;
    }

    /** Refuses three projections that do not take the same input, or an output of another size. */
    void check(Linear output, boolean cross) {
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
        if (isFused()) {
            if (cross) {
                throw new IllegalArgumentException(
                        "cross-attention reads queries and keys from two inputs: give it three"
                                + " projections, not a fused one");
            }
            return;
        }
        boolean same = key().getInputs() == value().getInputs();
        if (!same || (!cross && query().getInputs() != key().getInputs())) {
            throw new IllegalArgumentException(
                    "query, key and value take "
                            + query().getInputs()
                            + ", "
                            + key().getInputs()
                            + " and "
                            + value().getInputs()
                            + (cross
                                    ? " channels: key and value have the same input, the memory"
                                    : " channels: self-attention gives all three the same input"));
        }
    }

    private static void requireGroups(int queryHeads, int keyValueHeads) {
        Checks.positive("queryHeads", queryHeads);
        Checks.positive("keyValueHeads", keyValueHeads);
        Checks.multiple("queryHeads", queryHeads, "keyValueHeads", keyValueHeads);
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

    private static Linear part(@Nullable Linear linear) {
        if (linear == null) {
            throw new IllegalStateException("no such projection");
        }
        return linear;
    }
}
