package io.github.djlblocks.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.BucketSpec;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.kernel.LinearBiasSpec;
import io.github.djlblocks.kernel.Past;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.HostValues;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Biases of a pass, and what they refuse. */
class PositionBiasTest {

    private static void refuses(ThrowingCallable made, String message) {
        assertThatIllegalArgumentException().isThrownBy(made).withMessage(message);
    }

    @Test
    void build_numbersThatCannotBe_areNamed() {
        refuses(() -> AlibiBias.causal(0), "heads (0) must be at least 1");
        refuses(
                () -> AlibiBias.of(LinearBiasSpec.Form.SIGNED),
                "slopes is empty: give one for each head");
        refuses(
                () -> AlibiBias.of(LinearBiasSpec.Form.SIGNED, 0.5, Double.NaN),
                "slope 1 (NaN) must be a finite number: it multiplies distances");
        refuses(
                () -> new BucketSpec(6, 20, true),
                "buckets (6) must be a multiple of 4: half of those of a side are single"
                        + " distances");
        refuses(
                () -> new BucketSpec(8, 4, false),
                "maxDistance (4) must be above the 4 single distances of 8 buckets");
        refuses(
                () -> RelativePositionBias.of(0, new BucketSpec(8, 5, false)),
                "heads (0) must be at least 1");
    }

    /** Powers of two are the paper's; three heads take the 2nd, the 4th and the 1st of four. */
    @Test
    void slopesOfMpt_numbersOfHeads_areThoseOfTheNextPower() {
        assertThat(LinearBiasSpec.slopesOfMpt(4, 8)).containsExactly(LinearBiasSpec.slopes(4));
        assertThat(LinearBiasSpec.slopesOfMpt(3, 8)).containsExactly(0.0625, 0.00390625, 0.25);
        assertThat(LinearBiasSpec.slopesOfMpt(2, 4)).containsExactly(0.25, 0.0625);
        assertThat(LinearBiasSpec.slopesOfMpt(1, 8)).containsExactly(0.00390625);
    }

    @EachEngine
    void bias_afterAPast_hasAllKeysAndTheTypeOfTheTokens(NDManager manager) {
        NDArray x = manager.zeros(new Shape(3, 2, 7), DataType.FLOAT64);
        ParameterStore store = new ParameterStore(manager, false);
        AlibiBias alibi = AlibiBias.of(LinearBiasSpec.Form.SIGNED, 0.5, 0.25);
        NDArray bias = alibi.bias(store, x, false, Past.of(1));
        assertThat(bias.getDataType()).isEqualTo(DataType.FLOAT64);
        assertThat(bias.getShape()).isEqualTo(new Shape(1, 2, 2, 3));
        assertThat(HostValues.of(bias))
                .containsExactly(-0.5, 0, 0.5, -1, -0.5, 0, -0.25, 0, 0.25, -0.5, -0.25, 0);
        assertThat(
                        alibi.bias(store, x.toType(DataType.FLOAT16, false), false, Past.NONE)
                                .getDataType())
                .isEqualTo(DataType.FLOAT16);
    }

    /** BLOOM's alibi of a row padded on the left: (cumsum(mask) - 1) * mask. */
    @EachEngine
    void bias_ofBloom_countsTheTokensThatAreNoPadding(NDManager manager) {
        NDArray mask = manager.create(new long[][] {{0, 0, 1, 1, 1}, {1, 1, 1, 1, 0}});
        NDArray positions = Kernels.of(mask).maskedPositions(mask, 5, 0, 0);
        NDArray bias =
                AlibiBias.bloom(2)
                        .bias(
                                new ParameterStore(manager, false),
                                positions,
                                positions,
                                DataType.FLOAT32,
                                false);
        assertThat(bias.getShape()).isEqualTo(new Shape(2, 2, 1, 5));
        double a = 0.0625;
        double b = 0.00390625;
        assertThat(HostValues.of(bias))
                .containsExactly(
                        0, 0, 0, a, 2 * a, 0, 0, 0, b, 2 * b, 0, a, 2 * a, 3 * a, 0, 0, b, 2 * b,
                        3 * b, 0);
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_positionsThatDoNotFit_areRefused(NDManager manager) {
        NDArray two = manager.zeros(new Shape(2, 3), DataType.INT64);
        NDArray three = manager.zeros(new Shape(3, 4), DataType.INT64);
        for (PositionBias block : blocks(manager)) {
            refuses(
                    () -> forward(block, manager, two, three),
                    "positions of queries (2, 3) and of keys (3, 4) are of different batches: give"
                            + " as many rows, or one for all");
            refuses(
                    () -> forward(block, manager, two.toType(DataType.FLOAT32, true), two),
                    "positions are float32 of shape (2, 3): expected INT64 or INT32");
            refuses(
                    () -> forward(block, manager, two),
                    block.getClass().getSimpleName()
                            + " takes 2 input(s), positions of queries (B, S), positions of keys"
                            + " (B, T), got 1");
            refuses(
                    () -> forward(block, manager, two, two.expandDims(0)),
                    block.getClass().getSimpleName()
                            + ": input (1, 2, 3) has 3 axes, expected 2: positions of queries (B,"
                            + " S), positions of keys (B, T)");
        }
    }

    @EachEngine
    void bias_ofAnotherTypeThanTheWeight_namesBoth(NDManager manager) {
        PositionBias block = blocks(manager)[1];
        NDArray x = manager.zeros(new Shape(1, 2, 7), DataType.FLOAT64);
        refuses(
                () -> block.bias(new ParameterStore(manager, false), x, false, Past.NONE),
                "RelativePositionBias: scores are float64 but parameter weight is float32:"
                        + " initialise or load the block as float64");
        assertThat(block.getHeads()).isEqualTo(4);
    }

    private static PositionBias[] blocks(NDManager manager) {
        PositionBias t5 = RelativePositionBias.of(4, new BucketSpec(8, 20, true));
        t5.initialize(manager, DataType.FLOAT32, new Shape(1, 2), new Shape(1, 2));
        return new PositionBias[] {AlibiBias.symmetric(4), t5};
    }

    private static void forward(PositionBias block, NDManager manager, NDArray... inputs) {
        block.forward(
                new ParameterStore(manager, false), new NDList(inputs), false, new PairList<>());
    }
}
