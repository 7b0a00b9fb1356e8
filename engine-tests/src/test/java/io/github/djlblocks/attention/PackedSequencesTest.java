package io.github.djlblocks.attention;

import static io.github.djlblocks.attention.SmallAttention.forward;
import static io.github.djlblocks.attention.SmallAttention.random;
import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class PackedSequencesTest {

    @EachEngine(leavesNothingOpen = true)
    void of_rowsOfSequences_numbersThemAndTheirTokens(NDManager manager) {
        PackedSequences packed =
                PackedSequences.of(6, new int[] {3, 1}, new int[] {2, 4}, new int[0]);
        NDArray segments = packed.segments(manager);
        NDArray positions = packed.positions(manager);

        assertThat(segments.getShape()).isEqualTo(new Shape(3, 6));
        assertThat(segments.getDataType()).isEqualTo(DataType.INT64);
        // The rest of a row is a sequence of its own.
        assertThat(segments.toLongArray())
                .containsExactly(0, 0, 0, 1, 2, 2, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0);
        assertThat(positions.getShape()).isEqualTo(new Shape(3, 6));
        assertThat(positions.getDataType()).isEqualTo(DataType.INT64);
        assertThat(positions.toLongArray())
                .containsExactly(0, 1, 2, 0, 0, 1, 0, 1, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5);
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_packed_givesWhatEachSequenceGivesAlone(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(
                        SmallAttention.builder()
                                .optCausal(true)
                                .optRotary(SmallAttention.rotary())
                                .build(),
                        manager);
        NDArray x = random(manager, 4, 2, 7, SmallAttention.E);
        PackedSequences packed = PackedSequences.of(7, new int[] {3, 2, 2}, new int[] {1, 5});
        NDArray y =
                forward(
                        block,
                        x,
                        AttentionContext.none()
                                .withSegments(packed.segments(manager))
                                .withPositions(packed.positions(manager)));

        for (String at : new String[] {"0:1, :3", "0:1, 3:5", "0:1, 5:", "1:2, :1", "1:2, 1:6"}) {
            NDArray alone = forward(block, x.get(new NDIndex(at)), AttentionContext.none());
            assertThat(y.get(new NDIndex(at))).isCloseTo(alone, SmallAttention.twoPasses());
        }
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_segmentsOfAnotherShape_namesBoth(NDManager manager) {
        MultiHeadAttention block =
                SmallAttention.initialized(SmallAttention.builder().build(), manager);
        NDArray x = random(manager, 4, 2, 3, SmallAttention.E);
        for (Shape shape : new Shape[] {new Shape(3), new Shape(2, 4), new Shape(3, 3)}) {
            AttentionContext context =
                    AttentionContext.none().withSegments(manager.zeros(shape, DataType.INT64));
            refuses(
                    () -> forward(block, x, context),
                    "segments have shape "
                            + shape
                            + ": expected (2, 3) or (1, 3), one number for each token");
        }
    }

    @Test
    void of_sequencesThatDoNotFit_saysSo() {
        refuses(
                () -> PackedSequences.of(5, new int[] {3, 3}),
                "sequences of [3, 3] tokens do not fit a row of 5");
        refuses(
                () -> PackedSequences.of(5, new int[] {3, Integer.MAX_VALUE}),
                "sequences of [3, 2147483647] tokens do not fit a row of 5");
        refuses(() -> PackedSequences.of(5, new int[] {3, 0}), "length (0) must be at least 1");
        refuses(() -> PackedSequences.of(0, new int[0]), "width (0) must be at least 1");
        refuses(() -> PackedSequences.of(5), "there is no row: give the lengths of at least one");
        refuses(
                () -> PackedSequences.of(Integer.MAX_VALUE, new int[0], new int[0]),
                "2 rows of 2147483647 tokens are too many for one array: pack fewer");
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
