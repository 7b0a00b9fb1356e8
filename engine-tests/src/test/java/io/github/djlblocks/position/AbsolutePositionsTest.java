package io.github.djlblocks.position;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.github.djlblocks.kernel.Kernels;
import io.github.djlblocks.parity.EachEngine;
import org.junit.jupiter.api.Test;

/** What absolute positions refuse, and how positions are counted. */
class AbsolutePositionsTest {

    private static final int E = 4;

    @EachEngine(leavesNothingOpen = true)
    void forward_positionOutsideTheTable_namesItAndTheRange(NDManager manager) {
        refuses(
                manager,
                LearnedPositions.of(3, E),
                manager.create(new long[][] {{0, 3}}),
                "position 3 is outside the table of 3 rows: positions run from 0 to 2");
        refuses(
                manager,
                LearnedPositions.withOffset(3, E, 2),
                manager.create(new long[][] {{0, -3}}),
                "position -3 is outside the table of 5 rows: positions run from -2 to 2");
        refuses(
                manager,
                TokenTypeEmbedding.of(2, E),
                manager.create(new int[] {1, 2}, new Shape(1, 2)),
                "token type 2 is outside the table of 2 rows: token types run from 0 to 1");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_moreTokensThanPositions_namesTheFirstWithout(NDManager manager) {
        Block block = LearnedPositions.of(2, E);
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, E));
        NDList x = new NDList(manager.zeros(new Shape(2, 3, E)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward(block, manager, x))
                .withMessage(
                        "position 2 is outside the table of 2 rows: positions run from 0 to 1");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_indicesThatDoNotFit_namesShapesOrType(NDManager manager) {
        String tail = " cannot be added to (1, 2, 4) (B, S, E): give one for each of the S tokens";
        refuses(
                manager,
                SinusoidalPositions.of(E),
                manager.create(new long[][] {{0, 1, 2}}),
                "rows of shape (1, 3, 4)" + tail);
        refuses(
                manager,
                LearnedPositions.of(3, E),
                manager.create(new long[][] {{0, 1}, {0, 1}}),
                "rows of shape (2, 2, 4)" + tail);
        refuses(
                manager,
                LearnedPositions.of(3, E),
                manager.create(new long[] {0, 1}),
                "positions have shape (2): expected (B, S) or (1, S)");
        refuses(
                manager,
                SinusoidalPositions.of(E),
                manager.create(new float[][] {{0, 1}}),
                "positions are float32 of shape (1, 2): expected INT64 or INT32");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_threeInputs_saysWhatItTakes(NDManager manager) {
        NDArray x = manager.zeros(new Shape(1, 2, E));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward(SinusoidalPositions.of(E), manager, new NDList(x, x, x)))
                .withMessage(
                        "SinusoidalPositions takes x (B, S, E) and optionally positions (B, S), got"
                                + " 3 inputs");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward(SinusoidalPositions.of(6), manager, new NDList(x)))
                .withMessage(
                        "SinusoidalPositions: the last axis of the input (1, 2, 4) must be"
                                + " hiddenSize (6)");
    }

    @Test
    void build_sizesThatCannotBe_saysWhy() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> SinusoidalPositions.of(5))
                .withMessage("channels (5) must be even: each frequency has a sine and a cosine");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearnedPositions.withOffset(3, E, -1))
                .withMessage("offset (-1) must be at least 0: it counts rows in front");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearnedPositions.of(0, E))
                .withMessage("positions (0) must be at least 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TokenTypeEmbedding.of(0, E))
                .withMessage("types (0) must be at least 1");
    }

    @EachEngine
    void maskedPositions_paddingLeftAndRight_countsTheTokens(NDManager manager) {
        NDArray mask = manager.create(new long[][] {{0, 0, 1, 1, 1}, {1, 1, 1, 0, 0}});
        Kernels kernels = Kernels.of(mask);
        // RoBERTa: padding_idx 1, tokens from 2 on.
        assertThat(kernels.maskedPositions(mask, 5, 2, 1).toLongArray())
                .containsExactly(1, 1, 2, 3, 4, 2, 3, 4, 1, 1);
        // Two new tokens after three that have passed.
        NDArray next = kernels.maskedPositions(mask, 2, 0, -1);
        assertThat(next.getShape()).isEqualTo(new Shape(2, 2));
        assertThat(next.toLongArray()).containsExactly(1, 2, -1, -1);
        assertThat(
                        kernels.maskedPositions(mask.toType(DataType.BOOLEAN, false), 1, 0, 7)
                                .toLongArray())
                .containsExactly(2, 7);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> kernels.maskedPositions(mask, 6, 0, 0))
                .withMessage(
                        "length (6) must be from 1 to the length of the attention mask (2, 5)");
    }

    @EachEngine
    void tokenMask_paddingId_isZeroThereAlone(NDManager manager) {
        NDArray ids = manager.create(new int[] {5, 1, 7, 1, 1, 0}, new Shape(2, 3));
        NDArray mask = Kernels.of(ids).tokenMask(ids, 1);
        assertThat(mask.getShape()).isEqualTo(new Shape(2, 3));
        assertThat(mask.toLongArray()).containsExactly(1, 0, 1, 0, 0, 1);
    }

    private static void refuses(NDManager manager, Block block, NDArray indices, String message) {
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 2, E));
        NDList inputs = new NDList(manager.zeros(new Shape(1, 2, E)), indices);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> forward(block, manager, inputs))
                .withMessage(message);
    }

    private static NDArray forward(Block block, NDManager manager, NDList inputs) {
        return block.forward(new ParameterStore(manager, false), inputs, false, new PairList<>())
                .singletonOrThrow();
    }
}
