package io.github.djlblocks.kernel;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

class AttentionKernelTest {

    private static final AttentionSpec SPEC = AttentionSpec.of(0.7);

    private static NDArray random(NDManager manager, long seed, long... shape) {
        return RandomTensors.toNDArray(
                manager, RandomTensors.normal(seed, shape), new Shape(shape), DataType.FLOAT32);
    }

    @EachEngine
    void attention_offsetsOfRows_letEachRowSeeWhatItsOwnMaskWould(NDManager manager) {
        NDArray q = random(manager, 1, 3, 4, 2, 3);
        NDArray k = random(manager, 2, 3, 2, 6, 3);
        NDArray v = random(manager, 3, 3, 2, 6, 5);
        // One row ends with the keys, one stands in their midst, one begins before them.
        long[] offsets = {4, 2, -1};
        AttentionSpec spec = SPEC.withCausal(true).withWindow(2, -1).withPrefix(1);
        AttentionOutput found =
                Kernels.of(q)
                        .attention(
                                AttentionInputs.of(q, k, v).withOffsets(manager.create(offsets)),
                                spec.withReturned(AttentionStage.PROBABILITIES));
        boolean[] keep = new boolean[3 * 2 * 6];
        for (int i = 0; i < keep.length; i++) {
            long position = i / 6 % 2 + offsets[i / 12];
            long key = i % 6;
            keep[i] = key <= position && (key >= position - 2 || key < 1);
        }
        NDArray mask = manager.create(keep, new Shape(3, 1, 2, 6));
        AttentionOutput expected =
                Kernels.of(q)
                        .attention(
                                AttentionInputs.of(q, k, v).withMask(mask),
                                SPEC.withReturned(AttentionStage.PROBABILITIES));

        Tolerance tolerance = Tolerance.of(DataType.FLOAT32, 3 + 6, 2 * 4);
        assertThat(found.values()).isCloseTo(expected.values(), tolerance);
        assertThat(scores(found)).isCloseTo(scores(expected), tolerance);
        // Before all keys a query sees none: 0, not NaN.
        NDArray blind = found.values().get(new NDIndex("2:, :, :1"));
        assertThat(blind.abs().max().getFloat()).isZero();
    }

    private static NDArray scores(AttentionOutput output) {
        NDArray scores = output.scores();
        if (scores == null) {
            throw new AssertionError("no scores");
        }
        return scores;
    }

    @EachEngine
    void attention_shapesOrTypesThatDoNotFit_namesThem(NDManager manager) {
        NDArray q = random(manager, 1, 2, 4, 3, 2);
        NDArray k = random(manager, 2, 2, 2, 5, 2);
        String expected = ": expected q (B, H, S, D), k (B, K, T, D), v (B, K, T, Dv)";
        NDArray flat = random(manager, 3, 4, 3, 2);
        refuses(
                () -> attend(flat, k, k),
                "attention over q (4, 3, 2), k (2, 2, 5, 2), v (2, 2, 5, 2)" + expected);
        refuses(
                () -> attend(q, flat, k),
                "attention over q (2, 4, 3, 2), k (4, 3, 2), v (2, 2, 5, 2)" + expected);
        refuses(
                () -> attend(q, k, flat),
                "attention over q (2, 4, 3, 2), k (2, 2, 5, 2), v (4, 3, 2)" + expected);
        NDArray wide = k.toType(DataType.FLOAT64, true);
        refuses(
                () -> attend(q, k, wide),
                "attention over q float32, k float32, v float64: all three must have one type");
        refuses(
                () -> attend(q, wide, k),
                "attention over q float32, k float64, v float32: all three must have one type");
        AttentionInputs inputs =
                AttentionInputs.of(q, k, k).withOffsets(manager.create(new long[] {1, 2, 3}));
        refuses(
                () -> Kernels.of(q).attention(inputs, SPEC.withCausal(true)),
                "offsets (3) must have one position for each of the 2 rows");
        refuses(
                () ->
                        Kernels.of(q)
                                .attention(
                                        AttentionInputs.of(q, k, k)
                                                .withSinks(manager.zeros(new Shape(2))),
                                        SPEC),
                "sinks (2) must have one score for each of the 4 query heads");
    }

    private static AttentionOutput attend(NDArray q, NDArray k, NDArray v) {
        return Kernels.of(q).attention(AttentionInputs.of(q, k, v), SPEC);
    }

    private static void refuses(ThrowingCallable call, String message) {
        assertThatIllegalArgumentException().isThrownBy(call).withMessage(message);
    }
}
