package io.github.djlblocks.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.RotaryDecay;
import io.github.djlblocks.kernel.RotaryLayout;
import io.github.djlblocks.kernel.RotaryRates;
import io.github.djlblocks.kernel.RotarySpec;
import io.github.djlblocks.kernel.RotaryTable;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the scalings of rotary embedding refuse, and what a table depends on. */
class RotaryScalingTest {

    private static final RotaryLayout HALF = RotaryLayout.HALF_SPLIT;

    private static void refuses(ThrowingCallable made, String message) {
        assertThatIllegalArgumentException().isThrownBy(made).withMessage(message);
    }

    @Test
    void spec_numbersOutOfRange_areNamed() {
        refuses(() -> RotaryScaling.linear(0), "factor (0.0) must be a finite number above 0");
        refuses(
                () -> RotaryScaling.dynamicNtk(2, 16).spec(100, 2, HALF),
                "rotaryDim (2) must be even and at least 4: dynamic NTK divides by rotaryDim - 2");
        refuses(
                () -> RotaryScaling.dynamicNtk(2, 0).spec(100, 4, HALF),
                "trainedLength (0) must be at least 1");
        refuses(
                () -> RotaryScaling.yarn(2, 16).withBetas(1, 2),
                "betaFast (1.0) must be at least betaSlow (2.0): fast pairs keep their frequency,"
                        + " slow ones are interpolated");
        refuses(
                () -> RotaryScaling.yarn(2, 16).withAttentionFactor(0),
                "attentionFactor (0.0) must be a finite number above 0");
        refuses(
                () -> RotaryScaling.proportional(1.5, 1),
                "part (1.5) must be above 0 and at most 1: of the pairs that turn");
        refuses(
                () ->
                        RotaryScaling.longRope(List.of(1.0), List.of(1.0, 2.0), 16, 1)
                                .spec(100, 4, HALF),
                "short factors (1) must be one for each of the 2 pairs of channels");
        refuses(
                () ->
                        RotaryScaling.longRope(List.of(1.0, 2.0), List.of(3.0), 16, 1)
                                .spec(100, 4, HALF),
                "long factors (1) must be one for each of the 2 pairs of channels");
        refuses(
                () -> RotaryRates.fixed(1, Double.NaN),
                "inverse frequency 1 (NaN) must be a finite number from 0 up");
        refuses(() -> new RotaryDecay(0, 512, 0), "gamma (0.0) must be a finite number above 0");
    }

    @Test
    void withAxes_thatDoNotFit_areRefused() {
        RotarySpec spec = RotaryScaling.none().spec(100, 6, HALF);
        refuses(
                () -> spec.withAxes(List.of(0, 1)),
                "axes has 2 entries but 3 pairs of channels turn: give one for each pair");
        refuses(
                () -> spec.withAxes(List.of(0, 1, -1)),
                "axes [0, 1, -1] must be numbers from 0 up: an axis of the positions each");
        refuses(
                () -> spec.withAxes(List.of(0, 1, 1)).withDecay(RotaryDecay.PAPER),
                "xPos decays with a distance, which positions of several axes do not have: leave"
                        + " out decay or axes");
        refuses(
                () -> RotaryAxes.interleaved(1, 1, 3),
                "section 2 of [1, 1, 3] wants 3 of every 3th pair, but there are only 5 pairs");
        refuses(() -> RotaryAxes.sections(2, 0), "section (0) must be at least 1");
        refuses(
                () -> RotaryAxes.grid(100, 6, HALF),
                "rotaryDim (6) must be a multiple of 4: rows and columns turn pairs of channels"
                        + " each");
    }

    /** The three sections of Qwen3-VL, as its slices 1:60:3 and 2:60:3 of 64 pairs say. */
    @Test
    void interleaved_sectionsOfQwen3Vl_endWithTime() {
        List<Integer> axes = RotaryAxes.interleaved(24, 20, 20);
        assertThat(axes).hasSize(64);
        for (int pair = 0; pair < 64; pair++) {
            assertThat(axes.get(pair)).as("pair %d", pair).isEqualTo(pair < 60 ? pair % 3 : 0);
        }
    }

    @Test
    void longRopeAttention_factors_followTheFormula() {
        assertThat(RotaryScaling.longRopeAttention(16, 256))
                .isCloseTo(Math.sqrt(1.5), within(1e-15));
        assertThat(RotaryScaling.longRopeAttention(0.5, 256)).isEqualTo(1);
        assertThat(YarnScaling.mscale(0.5, 3)).isEqualTo(1);
    }

    @Test
    void equals_sameNumbers_isEqual() {
        RotarySpec spec = RotaryScaling.dynamicNtk(2, 16).spec(100, 6, HALF);
        assertThat(spec)
                .isEqualTo(RotaryScaling.dynamicNtk(2, 16).spec(100, 6, HALF))
                .hasSameHashCodeAs(RotaryScaling.dynamicNtk(2, 16).spec(100, 6, HALF))
                .isNotEqualTo(RotaryScaling.dynamicNtk(2, 17).spec(100, 6, HALF))
                .isNotEqualTo(RotaryScaling.none().spec(100, 6, HALF));
        assertThat(RotaryScaling.linear(2).spec(100, 6, HALF))
                .isEqualTo(RotaryScaling.linear(2).spec(100, 6, HALF));
        assertThat(RotaryEmbedding.of(8, spec).getSpec()).isSameAs(spec);
    }

    /** 17 tokens are one more than were trained; a shorter pass afterwards is as if never so. */
    @EachEngine
    void table_lengthGrowsAndShrinks_dependsOnItAlone(NDManager manager) {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder()
                        .setHeadDim(4)
                        .optTheta(100)
                        .optScaling(RotaryScaling.dynamicNtk(3, 16))
                        .build();
        // Pair 1 of 2 turns by theta^(-1/2) = 0.1, divided by 3 * 17 / 16 - 2 beyond.
        double beyond = 0.1 / (3 * 17 / 16.0 - 2);
        assertThat(sineOfPair1(rotary, manager, 5, 15)).isCloseTo(Math.sin(0.5), within(1e-15));
        assertThat(sineOfPair1(rotary, manager, 5, 16))
                .isCloseTo(Math.sin(5 * beyond), within(1e-15));
        assertThat(sineOfPair1(rotary, manager, 5, 2)).isCloseTo(Math.sin(0.5), within(1e-15));
    }

    private static double sineOfPair1(
            RotaryEmbedding rotary, NDManager manager, long position, long last) {
        NDArray positions = manager.create(new long[][] {{position, last}});
        // Half split: channel 3 is the second of pair 1.
        return HostValues.of(rotary.table(positions, DataType.FLOAT64).sin())[3];
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_positionsOfOtherAxes_areRefused(NDManager manager) {
        RotaryEmbedding one = RotaryEmbedding.builder().setHeadDim(6).build();
        RotaryEmbedding three =
                RotaryEmbedding.builder()
                        .setHeadDim(6)
                        .optAxes(RotaryAxes.sections(1, 1, 1))
                        .build();
        NDArray x = manager.ones(new Shape(2, 1, 4, 6));
        refuses(
                () -> forward(one, manager, x, new Shape(3, 2, 4)),
                "positions have shape (3, 2, 4): expected (B, S) or (1, S)");
        refuses(
                () -> forward(three, manager, x, new Shape(4)),
                "positions have shape (4): expected (B, S) or (1, S), or (3, B, S)");
        refuses(
                () -> forward(three, manager, x, new Shape(2, 2, 4)),
                "positions of shape (2, 2, 4) have 2 axes but the rotary embedding has 3: give (3,"
                        + " B, S), or (B, S) where all are the same");
    }

    private static void forward(
            RotaryEmbedding rotary, NDManager manager, NDArray x, Shape positions) {
        NDList inputs = new NDList(x, manager.zeros(positions, DataType.INT64));
        rotary.forward(new ParameterStore(manager, false), inputs, false, new PairList<>());
    }

    @EachEngine
    void rotate_tableOfTwoSides_mustBeAskedForOne(NDManager manager) {
        RotaryEmbedding rotary =
                RotaryEmbedding.builder().setHeadDim(4).optDecay(RotaryDecay.PAPER).build();
        NDArray x = manager.ones(new Shape(1, 1, 1, 4));
        RotaryTable table = rotary.table(manager.create(new long[][] {{7}}), DataType.FLOAT32);
        Kernels kernels = Kernels.of(x);
        refuses(
                () -> kernels.rotate(x, table),
                "this table turns queries and keys differently (xPos): pass its forQueries() or its"
                        + " forKeys()");
        double[] queries = HostValues.of(kernels.rotate(x, table.forQueries()));
        double[] keys = HostValues.of(kernels.rotate(x, table.forKeys()));
        // Lengths are z^(7/512) and its inverse, z the 2 / 7 of pair 0 of 2: (1, 1) has length 2.
        double z = Math.pow(2 / 7.0, 7 / 512.0);
        assertThat(queries[0] * queries[0] + queries[2] * queries[2])
                .isCloseTo(2 * z * z, within(1e-6));
        assertThat(keys[0] * keys[0] + keys[2] * keys[2]).isCloseTo(2 / z / z, within(1e-6));
        RotaryTable plain =
                RotaryEmbedding.builder()
                        .setHeadDim(4)
                        .build()
                        .table(manager.create(new long[][] {{7}}), DataType.FLOAT32);
        assertThat(plain.forQueries()).isSameAs(plain);
        assertThat(plain.forKeys()).isSameAs(plain);
    }
}
