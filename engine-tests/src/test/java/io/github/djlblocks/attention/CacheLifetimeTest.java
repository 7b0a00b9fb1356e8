package io.github.djlblocks.attention;

import static io.github.djlblocks.attention.SmallAttention.forward;
import static io.github.djlblocks.attention.SmallAttention.random;
import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;

/** What becomes of a cache: rows that part, another batch, fewer rows, the end. */
class CacheLifetimeTest {

    private static final AttentionContext NONE = AttentionContext.none();

    @EachEngine(leavesNothingOpen = true)
    void append_rowsOfDifferentLength_noQuerySeesBehindItsRow(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        NDArray prompt = random(manager, 1, 2, 5, SmallAttention.E);
        NDArray next = random(manager, 2, 2, 2, SmallAttention.E);
        NDArray all = manager.ones(new Shape(2, 1, 1, 7)).toType(DataType.BOOLEAN, true);
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 7);
                KeyValueCache alone = KeyValueCache.growing(manager, 1)) {
            forward(block, prompt, NONE.withCache(cache.slot(0)));
            NDArray shortPrompt = prompt.get(new NDIndex("1:2, :2"));
            forward(block, shortPrompt, NONE.withCache(alone.slot(0)));
            NDArray expected =
                    forward(block, next.get(new NDIndex("1:2")), NONE.withCache(alone.slot(0)));
            for (@Nullable NDArray mask : new @Nullable NDArray[] {null, all}) {
                cache.truncate(5, 2);
                NDArray y =
                        forward(block, next, NONE.withCache(cache.slot(0)).withMask(mask))
                                .get(new NDIndex("1:2"));
                assertThat(y).isCloseTo(expected, SmallAttention.twoPasses());
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void append_rowsOfDifferentLengthAndFloatMask_saysWhatToDo(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 7)) {
            AttentionContext context = NONE.withCache(cache.slot(0));
            forward(block, random(manager, 1, 2, 5, SmallAttention.E), context);
            cache.truncate(5, 2);
            NDArray next = random(manager, 2, 2, 1, SmallAttention.E);
            AttentionContext masked = context.withMask(manager.zeros(new Shape(1, 6)));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> forward(block, next, masked))
                    .withMessage(
                            "with rows of different lengths the mask must be BOOLEAN, got float32:"
                                    + " give what is added to the scores as the bias");
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void truncate_rollingToNothing_takesAnotherBatch(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(
                        SmallAttention.builder().optCausal(true).build(), manager);
        NDArray other = random(manager, 3, 3, 2, SmallAttention.E);
        try (KeyValueCache cache = KeyValueCache.rolling(manager, 1, 3)) {
            AttentionContext context = NONE.withCache(cache.slot(0));
            forward(block, random(manager, 1, 2, 5, SmallAttention.E), context);
            forward(block, random(manager, 2, 2, 1, SmallAttention.E), context);
            cache.truncate(0);
            assertThat(cache.length()).isZero();
            assertThat(forward(block, other, context)).isExactly(forward(block, other, NONE));
            assertThat(cache.length()).isEqualTo(2);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reorder_toOneRow_keepsNoneOfTheOthers(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 6)) {
            AttentionContext context = NONE.withCache(cache.slot(0));
            forward(block, random(manager, 1, 2, 4, SmallAttention.E), context);
            // A view where the engine has views: it changes if the new row is a part of the old.
            NDArray old = cache.slot(0).content().get(0);
            double[] before = HostValues.of(old);
            cache.reorder(1);
            cache.truncate(1);
            forward(block, random(manager, 2, 1, 2, SmallAttention.E), context);
            assertThat(HostValues.of(old)).isEqualTo(before);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void use_afterClose_saysSo(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        NDArray x = random(manager, 1, 2, 4, SmallAttention.E);
        List<CachePolicy> policies =
                List.of(
                        CachePolicy.growing(),
                        CachePolicy.preallocated(9),
                        CachePolicy.rolling(3),
                        CachePolicy.memory());
        for (CachePolicy policy : policies) {
            KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
            forward(block, x, NONE.withCache(cache.slot(0)));
            cache.close();
            saysClosed(() -> cache.slot(0).content());
            saysClosed(() -> cache.truncate(2));
            saysClosed(() -> cache.reorder(0));
            saysClosed(() -> forward(block, x, NONE.withCache(cache.slot(0))));
            cache.close();
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void cross_closedMemory_saysSo(NDManager manager) {
        MultiHeadAttention block = SmallAttention.builder().optCross(true).build();
        Shape shape = new Shape(2, 4, SmallAttention.E);
        block.initialize(manager, DataType.FLOAT32, shape, shape);
        NDArray x = random(manager, 1, 2, 4, SmallAttention.E);
        KeyValueCache cache = KeyValueCache.memory(manager, 1);
        cache.slot(0).append(random(manager, 2, 2, 2, 3, 2), random(manager, 3, 2, 2, 3, 2));
        cache.close();
        saysClosed(() -> forward(block, x, NONE.withMemory(null, cache.slot(0))));
    }

    private static void saysClosed(ThrowingCallable call) {
        assertThatIllegalStateException()
                .isThrownBy(call)
                .withMessage("the key/value cache is closed: make a new one");
    }
}
