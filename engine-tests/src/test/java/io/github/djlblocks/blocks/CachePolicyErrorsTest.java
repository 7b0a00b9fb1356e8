package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.attention.MultiHeadAttentionBuilder;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What a cache refuses, and that it holds afterwards what it held before. */
class CachePolicyErrorsTest {

    private static final int E = 6;

    @EachEngine(leavesNothingOpen = true)
    void append_preallocatedAndFull_saysSoAndKeepsWhatItHas(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 4)) {
            append(cache, manager, 2, 3);
            double[] before = HostValues.of(cache.slot(0).content().get(0));
            refusesState(
                    () -> append(cache, manager, 2, 2),
                    "a cache of capacity 4 that holds 3 tokens of layer 0 has no room for 2 more:"
                            + " make it larger, or use a rolling cache where attention has a"
                            + " window");
            assertThat(HostValues.of(cache.slot(0).content().get(0))).isEqualTo(before);
            append(cache, manager, 2, 1);
            assertThat(cache.length()).isEqualTo(4);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void append_afterTruncatingRows_hasRoomForTheLongestRowOnly(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 4)) {
            append(cache, manager, 2, 4);
            cache.truncate(1, 3);
            assertThat(cache.lengths()).containsExactly(1, 3);
            append(cache, manager, 2, 1);
            assertThat(cache.lengths()).containsExactly(2, 4);
            refusesState(
                    () -> append(cache, manager, 2, 1),
                    "a cache of capacity 4 that holds 4 tokens of layer 0 has no room for 1 more:"
                            + " make it larger, or use a rolling cache where attention has a"
                            + " window");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_rowsOfACacheOfOneLength_namesTheOneThatCan(NDManager manager) {
        for (CachePolicy policy : List.of(CachePolicy.growing(), CachePolicy.rolling(3))) {
            try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy))) {
                append(cache, manager, 2, 3);
                refuses(
                        () -> cache.truncate(1, 2),
                        "rows of a "
                                + policy.kind()
                                + " cache have one length, got 2: use KeyValueCache.preallocated");
                assertThat(cache.length()).isEqualTo(3);
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_wrongNumbers_namesThem(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 4)) {
            append(cache, manager, 2, 3);
            refuses(
                    () -> cache.truncate(1, 2, 3),
                    "3 lengths for a cache of 2 rows: give one number, or one for each row");
            refuses(() -> cache.truncate(1, 4), "cannot truncate a cache of 3 tokens to 4");
            refuses(() -> cache.truncate(-1), "cannot truncate a cache of 3 tokens to -1");
            refuses(cache::truncate, "truncate needs at least one length");
            assertThat(cache.lengths()).containsExactly(3);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_rollingBeyondWhatItHolds_saysWhatItHolds(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.rolling(manager, 1, 3)) {
            append(cache, manager, 1, 5);
            append(cache, manager, 1, 1);
            // Before it took the sixth it forgot all but the two that one sees.
            refuses(
                    () -> cache.truncate(4),
                    "a rolling cache of window 3 that has seen 6 tokens holds the last 3 and cannot"
                            + " go back to 4: use a growing or preallocated cache");
            assertThat(cache.length()).isEqualTo(6);
            cache.truncate(5);
            assertThat(cache.length()).isEqualTo(5);
            assertThat(cache.slot(0).content().get(0).getShape().get(2)).isEqualTo(2);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void append_rollingForever_holdsNoMoreThanItsWindow(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.of(manager, List.of(CachePolicy.rolling(3, 2)))) {
            for (int token = 0; token < 40; token++) {
                append(cache, manager, 1, 1);
                assertThat(cache.slot(0).content().get(0).getShape().get(2))
                        .isEqualTo(Math.min(token + 1, 5));
            }
            assertThat(cache.length()).isEqualTo(40);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_rollingCacheSmallerThanTheWindow_namesBoth(NDManager manager) {
        MultiHeadAttention block = builder().optCausal(true).optWindow(4, -1).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, E));
        try (KeyValueCache cache = KeyValueCache.rolling(manager, 1, 4)) {
            AttentionContext context = AttentionContext.none().withCache(cache.slot(0));
            refuses(
                    () -> forward(block, manager, new NDList(hidden(manager, 1, 2)), context),
                    "attention looks back over 5 tokens but its rolling cache keeps 4: make the"
                            + " window of the cache as large");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_segmentsAndCacheOrFloatMask_saysWhatToDo(NDManager manager) {
        MultiHeadAttention block = builder().optCausal(true).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, E));
        NDList x = new NDList(hidden(manager, 1, 2));
        AttentionContext context =
                AttentionContext.none().withSegments(manager.zeros(new Shape(1, 2)));
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            refuses(
                    () -> forward(block, manager, x, context.withCache(cache.slot(0))),
                    "segments are of a pass without a cache: pack sequences to train on them, and"
                            + " generate with one row each");
        }
        refuses(
                () -> forward(block, manager, x, context.withMask(manager.zeros(new Shape(2, 2)))),
                "with segments the mask must be BOOLEAN, got float32: give what is added to the"
                        + " scores as the bias");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_crossWithoutMemory_saysWhereItMayBe(NDManager manager) {
        MultiHeadAttention block = builder().optCross(true).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, E), new Shape(1, 3, E));
        NDList x = new NDList(hidden(manager, 1, 2));
        refuses(
                () -> forward(block, manager, x, AttentionContext.none()),
                "cross-attention needs a memory (B, T, 6) as its second input, or its keys and"
                        + " values in the cache");
        try (KeyValueCache cache = KeyValueCache.memory(manager, 1)) {
            AttentionContext context = AttentionContext.none().withMemory(null, cache.slot(0));
            x.add(hidden(manager, 1, 3));
            forward(block, manager, x, context).close();
            NDList other = new NDList(x.get(0), hidden(manager, 1, 4));
            refuses(
                    () -> forward(block, manager, other, context),
                    "the cache holds the keys of a memory of 1 rows and 3 tokens, which do not fit"
                            + " the inputs [(1, 2, 6), (1, 4, 6)]: use one cache per memory");
            refusesState(
                    () -> append(cache, manager, 1, 3),
                    "the memory of layer 0 is in the cache already, 3 tokens: one cache serves one"
                            + " memory");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reorder_noSuchRow_namesTheRows(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            cache.reorder(7);
            append(cache, manager, 2, 3);
            refuses(
                    () -> cache.reorder(0, 2),
                    "there is no row 2 in a cache of 2 rows: they count from 0 to 1");
            refuses(cache::reorder, "reorder needs at least one row");
            assertThat(cache.slot(0).content().get(0).getShape().get(0)).isEqualTo(2);
        }
    }

    @Test
    void policy_sizesOutOfRange_namesThem() {
        refuses(() -> CachePolicy.preallocated(0), "capacity (0) must be at least 1");
        refuses(() -> CachePolicy.rolling(0), "window (0) must be at least 1");
        refuses(() -> CachePolicy.rolling(2, -1), "prefix (-1) must be at least 0");
    }

    private static MultiHeadAttentionBuilder builder() {
        return MultiHeadAttention.builder()
                .setProjections(
                        Linear.withBias(E, 4),
                        Linear.withBias(E, 2),
                        Linear.withBias(E, 2),
                        Linear.withBias(4, E))
                .setQueryHeads(2)
                .optKeyValueHeads(1);
    }

    /** As a block does it: what the cache does not keep dies with the scope. */
    private static void append(KeyValueCache cache, NDManager manager, int rows, int steps) {
        try (NDScope scope = new NDScope()) {
            scope.suppressNotUsedWarning();
            Shape shape = new Shape(rows, 1, steps, 2);
            cache.slot(0).append(manager.randomNormal(shape), manager.randomNormal(shape));
        }
    }

    private static NDArray hidden(NDManager manager, int rows, int steps) {
        return manager.ones(new Shape(rows, steps, E));
    }

    private static NDList forward(
            MultiHeadAttention block, NDManager manager, NDList inputs, AttentionContext context) {
        return block.forward(new ParameterStore(manager, false), inputs, false, context.toParams());
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }

    private static void refusesState(ThrowingCallable call, String message) {
        assertThatIllegalStateException().isThrownBy(call).withMessage(message);
    }
}
