package io.github.djlblocks.attention;

import static io.github.djlblocks.attention.SmallAttention.random;
import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.parity.EachEngine;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Room in a slot that someone else writes into, in place. */
class CacheRoomTest {

    private static final List<CachePolicy> POLICIES =
            List.of(
                    CachePolicy.growing(),
                    CachePolicy.preallocated(400),
                    CachePolicy.rolling(4),
                    CachePolicy.rolling(4, 2),
                    CachePolicy.rolling(1));

    private static Shape keys(long rows, long steps) {
        return new Shape(rows, 2, steps, 3);
    }

    private static Shape values(long rows, long steps) {
        return new Shape(rows, 2, steps, 5);
    }

    private static CacheRoom reserve(KeyValueCache.Slot slot, long rows, long steps) {
        return slot.reserve(keys(rows, steps), values(rows, steps), DataType.FLOAT32);
    }

    /** What a compiled pass does, and what it may see: keys and values. */
    private static NDList write(KeyValueCache.Slot slot, NDArray keys, NDArray values) {
        CacheRoom room = slot.reserve(keys.getShape(), values.getShape(), keys.getDataType());
        long[] at = room.at().lengths();
        long[] rows = new long[(int) keys.getShape().get(0)];
        Arrays.fill(rows, at[0]);
        Kernels kernels = Kernels.of(keys);
        kernels.writeTime(room.keys(), keys, at.length == 1 ? rows : at);
        kernels.writeTime(room.values(), values, at.length == 1 ? rows : at);
        long steps = keys.getShape().get(2);
        slot.advance(steps);
        long end = room.at().longest() + steps;
        return new NDList(
                kernels.sliceTime(room.keys(), room.from(), end),
                kernels.sliceTime(room.values(), room.from(), end));
    }

    /** Chunks that cross every stride, and more at once than a window. */
    @EachEngine(leavesNothingOpen = true)
    void write_everyPolicy_isAppendingAcrossEveryBoundary(NDManager manager) {
        int[] chunks = {1, 1, 3, 1, 1, 9, 1, 1, 1, 1, 2, 70, 1, 1, 64, 1, 1, 1, 1, 100, 1};
        for (CachePolicy policy : POLICIES) {
            try (KeyValueCache written = KeyValueCache.of(manager, List.of(policy));
                    KeyValueCache appended = KeyValueCache.of(manager, List.of(policy))) {
                for (int i = 0; i < chunks.length; i++) {
                    NDArray k = random(manager, i, 2, 2, chunks[i], 3);
                    NDArray v = random(manager, 50 + i, 2, 2, chunks[i], 5);
                    NDList expected = appended.slot(0).append(k.duplicate(), v.duplicate());
                    NDList found = write(written.slot(0), k, v);
                    for (int part = 0; part < 2; part++) {
                        NDArray seen = found.get(part);
                        if (policy.prefix() > 0) {
                            seen = withoutHidden(seen, expected.get(part), policy.prefix());
                        }
                        assertThat(seen)
                                .as("%s, chunk %d", policy, i)
                                .isExactly(expected.get(part));
                    }
                    assertThat(written.length()).isEqualTo(appended.length());
                }
            }
        }
    }

    /** The first few and the last, without those between them that the window hides. */
    private static NDArray withoutHidden(NDArray seen, NDArray expected, long prefix) {
        long surplus = seen.getShape().get(2) - expected.getShape().get(2);
        if (surplus == 0) {
            return seen;
        }
        Kernels kernels = Kernels.of(seen);
        return kernels.appendTime(
                kernels.sliceTime(seen, 0, prefix),
                kernels.sliceTime(seen, prefix + surplus, seen.getShape().get(2)));
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_afterTruncate_writesIntoTheSameRoom(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            NDArray first = random(manager, 1, 2, 2, 9, 3);
            NDArray values = random(manager, 2, 2, 2, 9, 5);
            write(cache.slot(0), first, values);
            NDArray room = reserve(cache.slot(0), 2, 1).keys();
            cache.truncate(4);
            NDArray second = random(manager, 3, 2, 2, 3, 3);
            write(cache.slot(0), second, random(manager, 4, 2, 2, 3, 5));
            assertThat((Object) reserve(cache.slot(0), 2, 1).keys()).isSameAs(room);
            assertThat(cache.length()).isEqualTo(7);
            Kernels kernels = Kernels.of(first);
            assertThat(cache.slot(0).content().get(0))
                    .isExactly(kernels.appendTime(kernels.sliceTime(first, 0, 4), second));
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_withoutAdvance_changesNothing(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
                    KeyValueCache plain = KeyValueCache.of(manager, List.of(policy))) {
                KeyValueCache.Slot slot = cache.slot(0);
                reserve(slot, 3, 7);
                assertThat(slot.length()).isZero();
                assertThat(slot.content()).isEmpty();
                // Of another batch: nothing has been written.
                for (int i = 0; i < 9; i++) {
                    NDArray k = random(manager, i, 2, 2, 1, 3);
                    NDArray v = random(manager, 50 + i, 2, 2, 1, 5);
                    plain.slot(0).append(k.duplicate(), v.duplicate());
                    write(slot, k, v);
                    CacheRoom room = reserve(slot, 2, 90);
                    room.keys().set(new NDIndex(":, :, -1"), 77);
                }
                NDArray k = random(manager, 20, 2, 2, 2, 3);
                NDArray v = random(manager, 70, 2, 2, 2, 5);
                NDList expected = plain.slot(0).append(k.duplicate(), v.duplicate());
                NDList found = slot.append(k, v);
                assertThat(found.get(0)).as("%s", policy).isExactly(expected.get(0));
                assertThat(found.get(1)).as("%s", policy).isExactly(expected.get(1));
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_afterTruncateToNothing_takesAnotherBatchAndType(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            try (KeyValueCache cache = KeyValueCache.of(manager, List.of(policy))) {
                KeyValueCache.Slot slot = cache.slot(0);
                write(slot, random(manager, 1, 2, 2, 4, 3), random(manager, 2, 2, 2, 4, 5));
                cache.truncate(0);
                CacheRoom room = slot.reserve(keys(3, 2), values(3, 2), DataType.FLOAT64);
                assertThat(room.keys().getShape().get(0)).isEqualTo(3);
                assertThat(room.values().getDataType()).isEqualTo(DataType.FLOAT64);
                assertThat(room.from()).isZero();
                assertThat(room.at().longest()).isZero();
            }
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_whatDoesNotContinue_isRefusedAsAppending(NDManager manager) {
        for (CachePolicy policy : POLICIES) {
            KeyValueCache cache = KeyValueCache.of(manager, List.of(policy));
            KeyValueCache.Slot slot = cache.slot(0);
            write(slot, random(manager, 1, 2, 2, 4, 3), random(manager, 2, 2, 2, 4, 5));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> reserve(slot, 3, 1))
                    .withMessageContaining("keys of shape (3, 2, 1, 3) do not continue the ");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> slot.reserve(keys(2, 1), values(2, 2), DataType.FLOAT32))
                    .withMessageEndingWith("must have the same batch and length");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> slot.reserve(keys(2, 1), values(2, 1), DataType.FLOAT64))
                    .withMessage("keys are float64 but the cache of layer 0 holds float32");
            assertThat(slot.length()).isEqualTo(4);
            cache.close();
            saysClosed(() -> reserve(slot, 2, 1));
        }
    }

    private static void saysClosed(ThrowingCallable call) {
        assertThatIllegalStateException()
                .isThrownBy(call)
                .withMessage("the key/value cache is closed: make a new one");
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_preallocatedAndFull_saysSo(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 5)) {
            KeyValueCache.Slot slot = cache.slot(0);
            write(slot, random(manager, 1, 2, 2, 4, 3), random(manager, 2, 2, 2, 4, 5));
            assertThatIllegalStateException()
                    .isThrownBy(() -> reserve(slot, 2, 2))
                    .withMessageStartingWith(
                            "a cache of capacity 5 that holds 4 tokens of layer 0 has no room for 2"
                                    + " more");
            assertThat(reserve(slot, 2, 1).at().longest()).isEqualTo(4);
        }
    }

    /** Rows have one length until they are cut, each on its own. */
    @EachEngine(leavesNothingOpen = true)
    void advance_preallocated_countsEachRow(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.preallocated(manager, 1, 9)) {
            KeyValueCache.Slot slot = cache.slot(0);
            write(slot, random(manager, 1, 3, 2, 4, 3), random(manager, 2, 3, 2, 4, 5));
            assertThat(slot.lengths()).containsExactly(4);
            cache.truncate(4, 1, 3);
            assertThat(slot.lengths()).containsExactly(4, 1, 3);
            assertThat(reserve(slot, 3, 1).at().lengths()).containsExactly(4, 1, 3);
            slot.advance(2);
            assertThat(slot.lengths()).containsExactly(6, 3, 5);
            cache.reorder(2, 2, 1);
            assertThat(slot.lengths()).containsExactly(5, 5, 3);
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void reserve_memory_isTakenOnce(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.memory(manager, 1)) {
            KeyValueCache.Slot slot = cache.slot(0);
            CacheRoom room = reserve(slot, 2, 6);
            assertThat(room.keys().getShape()).isEqualTo(keys(2, 6));
            assertThat(room.values().getShape()).isEqualTo(values(2, 6));
            slot.advance(6);
            assertThat(slot.content().get(0).getShape()).isEqualTo(keys(2, 6));
            assertThatIllegalStateException()
                    .isThrownBy(() -> reserve(slot, 2, 1))
                    .withMessageStartingWith("the memory of layer 0 is in the cache already, 6");
        }
    }

    @EachEngine
    void reserve_slotOfSomeoneElse_saysSo(NDManager manager) {
        try (KeyValueCache cache = KeyValueCache.growing(manager, 1)) {
            KeyValueCache.Slot foreign = new Foreign(cache.slot(0));
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> reserve(foreign, 2, 1))
                    .withMessage("Foreign cannot be written in place: append to it");
            assertThatExceptionOfType(UnsupportedOperationException.class)
                    .isThrownBy(() -> foreign.advance(1))
                    .withMessage("Foreign cannot be written in place: append to it");
        }
    }

    private record Foreign(KeyValueCache.Slot slot) implements KeyValueCache.Slot {
        @Override
        public long length() {
            return slot.length();
        }

        @Override
        public long[] lengths() {
            return slot.lengths();
        }

        @Override
        public Past past() {
            return slot.past();
        }

        @Override
        public CachePolicy policy() {
            return slot.policy();
        }

        @Override
        public NDList append(NDArray keys, NDArray values) {
            return slot.append(keys, values);
        }

        @Override
        public NDList content() {
            return slot.content();
        }
    }
}
