package io.github.djlblocks.parity.cases;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.attention.CachePolicy;
import io.github.djlblocks.attention.KeyValueCache;
import io.github.djlblocks.attention.MultiHeadAttention;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.LeakGuard;
import java.util.List;

/** What a pass makes of a cache and of the arrays of its context dies with the pass. */
class CacheMemoryTest {

    private static final int E = 6;

    @EachEngine(inferenceToo = true, leavesNothingOpen = true)
    void passes_everyPolicy_leaveKeysAndValuesAlone(NDManager manager) {
        MultiHeadAttention block = attention(manager);
        for (CachePolicy policy :
                List.of(
                        CachePolicy.growing(),
                        CachePolicy.preallocated(8),
                        CachePolicy.rolling(3, 1))) {
            LeakGuard.of(manager)
                    .check(
                            () -> {
                                KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
                                AttentionContext context =
                                        AttentionContext.none().withCache(cache.slot(0));
                                for (int step = 0; step < 5; step++) {
                                    pass(block, manager, context);
                                }
                                cache.reorder(1, 1);
                                pass(block, manager, context);
                            },
                            2);
        }
    }

    @EachEngine(inferenceToo = true, leavesNothingOpen = true)
    void pass_arraysOfTheContext_leaveNothingWithThem(NDManager manager) {
        MultiHeadAttention block = attention(manager);
        try (NDManager theirs = manager.newSubManager()) {
            Shape one = new Shape(1, 1);
            NDArray floating = theirs.zeros(one);
            NDArray truth = theirs.create(new boolean[] {true}, one);
            NDArray segments = theirs.create(new long[] {3, 3}, new Shape(2, 1));
            List<AttentionContext> contexts =
                    List.of(
                            AttentionContext.none().withMask(floating).withBias(floating),
                            AttentionContext.none().withMask(truth).withSegments(segments));
            for (AttentionContext context : contexts) {
                LeakGuard.of(theirs).check(() -> pass(block, manager, context));
            }
        }
    }

    private static void pass(MultiHeadAttention block, NDManager manager, AttentionContext told) {
        try (NDArray x = manager.ones(new Shape(2, 1, E));
                NDList y =
                        block.forward(
                                new ParameterStore(manager, false),
                                new NDList(x),
                                false,
                                told.toParams())) {
            assertThat(y).hasSize(1);
        }
    }

    private static MultiHeadAttention attention(NDManager manager) {
        MultiHeadAttention block =
                MultiHeadAttention.builder()
                        .setProjections(
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E),
                                Linear.withoutBias(E, E))
                        .setQueryHeads(2)
                        .optCausal(true)
                        .build();
        ParityValues.initialize(block, manager, DataType.FLOAT32, new Shape(2, 1, E));
        return block;
    }
}
