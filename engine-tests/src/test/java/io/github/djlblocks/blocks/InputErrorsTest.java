package io.github.djlblocks.blocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.attention.AttentionContext;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.core.TokenEmbedding;
import io.github.djlblocks.layer.DeepNorm;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.position.RotaryEmbedding;

/** Inputs that do not fit: refused by name before the engine sees them. */
class InputErrorsTest {

    private static final int E = TestBlocks.E;

    @EachEngine(leavesNothingOpen = true)
    void forward_wrongLastAxis_namesBothSizes(NDManager manager) {
        Shape x = new Shape(2, 3, 7);
        String tail = ": the last axis of the input (2, 3, 7) must be ";
        refuses(manager, Linear.withBias(E, 4), x, "Linear" + tail + "inputs (10)");
        refuses(manager, TestBlocks.rmsNorm(), x, "RmsNorm" + tail + "channels (10)");
        refuses(manager, TestBlocks.layerNorm(), x, "LayerNorm" + tail + "channels (10)");
        refuses(
                manager,
                TestBlocks.feedForward(),
                x,
                "GatedFeedForward" + tail + "inputs of gate and up (10)");
        refuses(
                manager,
                TestBlocks.attention(),
                x,
                "MultiHeadAttention" + tail + "inputs of query, key and value (10)");
        refuses(manager, TestBlocks.layer(), x, "RmsNorm" + tail + "channels (10)");
        refuses(
                manager,
                RotaryEmbedding.builder().setHeadDim(6).build(),
                new Shape(2, 4, 3, 8),
                "RotaryEmbedding: the last axis of the input (2, 4, 3, 8) must be headDim (6)");
        refuses(
                manager,
                Linear.withBias(E, 4),
                new Shape(),
                "Linear: the last axis of the input () must be inputs (10)");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_wrongRank_namesTheAxes(NDManager manager) {
        refuses(
                manager,
                TestBlocks.attention(),
                new Shape(2, E),
                "MultiHeadAttention: input (2, 10) has 2 axes, expected 3: x (B, S, E)");
        refuses(
                manager,
                RotaryEmbedding.builder().setHeadDim(E).build(),
                new Shape(2, 3, E),
                "RotaryEmbedding: input (2, 3, 10) has 3 axes, expected 4: x (B, H, S, D)");
        refuses(
                manager,
                TokenEmbedding.of(11, E),
                new Shape(3),
                "TokenEmbedding: input (3) has 1 axes, expected 2: ids (B, S)");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_wrongNumberOfInputs_saysWhatItTakes(NDManager manager) {
        NDArray x = manager.ones(new Shape(2, 3, E));
        NDList two = new NDList(x, x);
        refuses(manager, Linear.withBias(E, 4), two, "Linear takes 1 input(s), x (..., 10), got 2");
        refuses(
                manager,
                TestBlocks.attention(),
                new NDList(),
                "MultiHeadAttention takes 1 input(s), x (B, S, 10), got 0");
        refuses(
                manager,
                TestBlocks.layer(),
                two,
                "DecoderLayer takes 1 input(s), x (B, S, E), got 2");
        refuses(
                manager,
                Residual.post(TestBlocks.rmsNorm(), TestBlocks.feedForward()),
                new NDList(),
                "Residual takes x (B, S, E), got no input");
        refuses(
                manager,
                Residual.pre(TestBlocks.rmsNorm(), TestBlocks.feedForward()),
                two,
                "GatedFeedForward takes 1 input(s), x (..., 10), got 2");
        refuses(
                manager,
                RotaryEmbedding.builder().setHeadDim(E).build(),
                new NDList(x, x, x),
                "RotaryEmbedding takes x (B, H, S, D) and optionally positions (B, S), got 3"
                        + " inputs");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_otherTypeThanTheParameters_namesBoth(NDManager manager) {
        NDArray wide = manager.ones(new Shape(2, 3, E), DataType.FLOAT64);
        NDArray whole = manager.ones(new Shape(2, 3, E), DataType.INT64);
        String tail =
                " but parameter weight is float32: initialise or load the block as %s, or cast the"
                        + " input";
        refuses(
                manager,
                Linear.withBias(E, 4),
                new NDList(wide),
                "Linear: input is float64" + tail.formatted("float64"));
        refuses(
                manager,
                TestBlocks.rmsNorm(),
                new NDList(whole),
                "RmsNorm: input is int64, expected a floating type: cast the input");
        refuses(
                manager,
                RmsNorm.builder().setChannels(E).optWeight(false).build(),
                new NDList(whole),
                "RmsNorm: input is int64, expected a floating type: cast the input");
        refuses(
                manager,
                LayerNorm.builder().setChannels(E).optWeight(false).optBias(false).build(),
                new NDList(whole),
                "LayerNorm: input is int64, expected a floating type: cast the input");
        refuses(
                manager,
                Linear.withBias(E, 4),
                new NDList(whole),
                "Linear: input is int64, expected a floating type: cast the input");
        refuses(
                manager,
                RotaryEmbedding.builder().setHeadDim(E).build(),
                new NDList(whole.expandDims(0)),
                "RotaryEmbedding: input is int64, expected a floating type: cast the input");
    }

    @EachEngine(leavesNothingOpen = true)
    void forward_tokenIdsThatAreNone_namesTheFirst(NDManager manager) {
        Block table = TokenEmbedding.of(11, E);
        refuses(
                manager,
                table,
                new NDList(manager.create(new long[][] {{3, 11, 12}})),
                "token id 11 is outside the embedding table of 11 rows: ids run from 0 to 10");
        refuses(
                manager,
                table,
                new NDList(manager.create(new int[] {3, -1}, new Shape(1, 2))),
                "token id -1 is outside the embedding table of 11 rows: ids run from 0 to 10");
        refuses(
                manager,
                table,
                new NDList(manager.ones(new Shape(2, 3))),
                "token ids are float32 of shape (2, 3): expected INT64 or INT32");
    }

    @EachEngine(leavesNothingOpen = true)
    void attention_maskThatDoesNotFit_namesShapesOrType(NDManager manager) {
        Block attention = TestBlocks.attention();
        attention.initialize(manager, DataType.FLOAT32, new Shape(2, 3, E));
        NDList x = new NDList(manager.ones(new Shape(2, 3, E)));
        refusesWith(
                manager,
                attention,
                x,
                AttentionContext.none()
                        .withMask(manager.ones(new Shape(2, 1, 1, 4), DataType.BOOLEAN)),
                "attention mask (2, 1, 1, 4) does not broadcast to the scores (2, 4, 3, 3) (B, H,"
                        + " S, T)");
        refusesWith(
                manager,
                attention,
                x,
                AttentionContext.none().withMask(manager.ones(new Shape(2, 3), DataType.BOOLEAN)),
                "attention mask (2, 3) does not broadcast to the scores (2, 4, 3, 3) (B, H, S, T)");
        refusesWith(
                manager,
                attention,
                x,
                AttentionContext.none()
                        .withMask(manager.ones(new Shape(2, 1, 1, 3), DataType.INT64)),
                "attention mask is int64: expected BOOLEAN (true: look) or a floating type (added"
                        + " to the scores)");
    }

    @EachEngine(leavesNothingOpen = true)
    void attention_positionsThatDoNotFit_namesShapesOrType(NDManager manager) {
        Block attention = TestBlocks.attention();
        attention.initialize(manager, DataType.FLOAT32, new Shape(2, 3, E));
        NDList x = new NDList(manager.ones(new Shape(2, 3, E)));
        String tail =
                ") do not fit queries and keys of shape (2, 4, 3, 6) (B, H, S, D): give one"
                        + " position for each of the S tokens";
        refusesWith(
                manager,
                attention,
                x,
                positions(manager, new Shape(2, 4), DataType.INT64),
                "positions of shape (2, 4" + tail);
        refusesWith(
                manager,
                attention,
                x,
                positions(manager, new Shape(3, 3), DataType.INT32),
                "positions of shape (3, 3" + tail);
        refusesWith(
                manager,
                attention,
                x,
                positions(manager, new Shape(3), DataType.INT64),
                "positions have shape (3): expected (B, S) or (1, S)");
        refusesWith(
                manager,
                attention,
                x,
                positions(manager, new Shape(2, 3), DataType.FLOAT32),
                "positions are float32 of shape (2, 3): expected INT64 or INT32");
    }

    private static AttentionContext positions(NDManager manager, Shape shape, DataType type) {
        return AttentionContext.none().withPositions(manager.ones(shape, type));
    }

    @EachEngine
    void float16_withoutAMatrixProduct_saysWhereItRuns(EngineUnderTest engine, NDManager manager) {
        Block linear = Linear.withBias(E, 4);
        linear.freezeParameters(true);
        linear.setInitializer(
                (owner, shape, type) ->
                        RandomTensors.toNDArray(
                                owner, RandomTensors.normal(3, shape.getShape()), shape, type),
                parameter -> true);
        linear.initialize(manager, DataType.FLOAT16, new Shape(1, E));
        NDList x = new NDList(manager.ones(new Shape(2, E)).toType(DataType.FLOAT16, false));
        if (engine.engineName().equals("MXNet") && !engine.device().isGpu()) {
            refuses(
                    manager,
                    linear,
                    x,
                    "engine MXNet on device cpu() has no matrix product for FLOAT16: use FLOAT32,"
                            + " or engine PyTorch");
        } else {
            NDArray y = TestBlocks.infer(linear, manager, x);
            assertThat(y.getDataType()).isEqualTo(DataType.FLOAT16);
            assertThat(y.getShape()).isEqualTo(new Shape(2, 4));
        }
    }

    @EachEngine(engines = "MXNet")
    void initialize_float16OnMxnet_saysWhatDoes(NDManager manager) {
        assertThatThrownBy(
                        () ->
                                TestBlocks.layer()
                                        .initialize(manager, DataType.FLOAT16, new Shape(2, 3, E)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "engine MXNet on cpu() cannot initialise parameters of float16 (")
                .hasMessageEndingWith(
                        "): call freezeParameters(true) first if they need no gradient, or use"
                                + " FLOAT32, or engine PyTorch");
    }

    @EachEngine(leavesNothingOpen = true)
    void deepNorm_sublayerInitializedBefore_saysTheOrder(NDManager manager) {
        Block sublayer = TestBlocks.feedForward();
        sublayer.initialize(manager, DataType.FLOAT32, new Shape(2, 3, E));
        assertThatThrownBy(
                        () -> DeepNorm.of(TestBlocks.layerNorm(), sublayer, TestBlocks.constants()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "parameter gate.weight is initialised already: wrap the sublayer in"
                                + " DeepNorm first, it sets how its weights start");
    }

    @EachEngine(leavesNothingOpen = true)
    void residual_sublayerThatChangesTheShape_cannotBeInitialized(NDManager manager) {
        Block block = Residual.pre(TestBlocks.rmsNorm(), Linear.withBias(E, 4));
        assertThatThrownBy(() -> block.initialize(manager, DataType.FLOAT32, new Shape(2, 3, E)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "a residual connection keeps the shape of its input (2, 3, 10), but its"
                                + " sublayer gives (2, 3, 4)");
    }

    private static void refuses(NDManager manager, Block block, Shape shape, String message) {
        refuses(manager, block, new NDList(manager.ones(shape)), message);
    }

    private static void refuses(NDManager manager, Block block, NDList inputs, String message) {
        if (!block.isInitialized()) {
            block.initialize(manager, DataType.FLOAT32, fitting(block));
        }
        int open = manager.getManagedArrays().size();
        assertThatThrownBy(() -> TestBlocks.infer(block, manager, inputs))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThat(manager.getManagedArrays()).hasSize(open);
    }

    private static Shape fitting(Block block) {
        if (block instanceof TokenEmbedding) {
            return new Shape(2, 3);
        }
        return block instanceof RotaryEmbedding rotary
                ? new Shape(2, 4, 3, rotary.getHeadDim())
                : new Shape(2, 3, E);
    }

    private static void refusesWith(
            NDManager manager, Block block, NDList x, AttentionContext context, String message) {
        ParameterStore store = new ParameterStore(manager, false);
        int open = manager.getManagedArrays().size();
        assertThatThrownBy(() -> block.forward(store, x, false, context.toParams()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThat(manager.getManagedArrays()).hasSize(open);
    }
}
