package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.LambdaBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.GradientCollector;
import ai.djl.util.PairList;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Tolerance;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;

/** Parts of one model on two engines. */
class EnginePartTest {

    private static EnginePart part(String engine, Block block) {
        return EnginePart.builder().setBlock(block).setEngine(engine).build();
    }

    private static String other(EngineUnderTest engine) {
        return engine.engineName().equals("PyTorch") ? "MXNet" : "PyTorch";
    }

    private static Block head() {
        return new SequentialBlock()
                .add(LayerNorm.builder().setChannels(3).build())
                .add(Linear.withBias(3, 2));
    }

    private static byte[] saved(Block block) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static DataInputStream stream(byte[] bytes) {
        return new DataInputStream(new ByteArrayInputStream(bytes));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_torchScriptBodyAndHeadOnMxnet_isThatOfOneEngine(NDManager manager)
            throws Exception {
        Block body = Modules.tagger().optMethod("vector").build();
        EnginePart head = part("MXNet", head());
        Block model = new SequentialBlock().add(body).add(head);
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(model.getOutputShapes(new Shape[] {new Shape(5, 7)}))
                .containsExactly(new Shape(5, 2));
        assertThat(head.handovers()).isEqualTo(new HandoverCount(0, 0));

        NDArray y = Modules.infer(model, manager, Modules.ids(manager)).singletonOrThrow();

        // (2, 3) over and (2, 2) back, each of 4 bytes.
        assertThat(head.handovers()).isEqualTo(new HandoverCount(2, 24 + 16));
        assertThat(y.getManager().getEngine().getEngineName()).isEqualTo("PyTorch");
        Block same = head();
        same.loadParameters(manager, stream(saved(head.getBlock())));
        NDArray vector = manager.create(toFloats(Modules.expected("vector")), new Shape(2, 3));
        NDArray expected = Modules.infer(same, manager, vector).singletonOrThrow();
        assertThat(y).isCloseTo(expected, Tolerance.of(DataType.FLOAT32, 3, 8));
    }

    private static float[] toFloats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    @EachEngine(engines = "MXNet", leavesNothingOpen = true)
    void forward_torchScriptBodyInAModelOnMxnet_isWhatPyTorchComputes(NDManager manager)
            throws Exception {
        EnginePart body = part("PyTorch", Modules.tagger().build());
        Block model =
                new SequentialBlock()
                        .add(body)
                        .add(new LambdaBlock(list -> new NDList(list.get(2))));
        body.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        NDArray y = Modules.infer(model, manager, Modules.ids(manager)).singletonOrThrow();

        assertThat(y).isWithin(2e-6, Modules.expected("double"), new Shape(2, 3));
        assertThat(y.getName()).isEqualTo("1.double");
        assertThat(y.getManager().getEngine().getEngineName()).isEqualTo("MXNet");
        // 6 ids of 8 bytes over, 3 arrays of 6 floats back.
        assertThat(body.handovers()).isEqualTo(new HandoverCount(4, 48 + 72));
    }

    @EachEngine(engines = "MXNet", leavesNothingOpen = true)
    void forward_javaOnMxnetFeedsAModule_isThatOfOneEngine(NDManager manager) throws Exception {
        TorchScriptBlock module =
                TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
        Block linear = Linear.withBias(3, 4);
        Block model = new SequentialBlock().add(linear).add(part("PyTorch", module));
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray x = manager.arange(6f).reshape(2, 3);

        NDArray y = Modules.infer(model, manager, x).singletonOrThrow();

        NDArray between = Modules.infer(linear, manager, x).singletonOrThrow();
        try (NDManager pyTorch = Engine.getEngine("PyTorch").newBaseManager()) {
            NDArray same = pyTorch.create(between.toFloatArray(), new Shape(2, 4));
            float[] expected = Modules.infer(module, pyTorch, same).get(0).toFloatArray();
            assertThat(y.toFloatArray()).isEqualTo(expected);
        }
    }

    @EachEngine(
            engines = {"PyTorch", "MXNet"},
            dataTypes = {
                DataType.FLOAT64,
                DataType.FLOAT32,
                DataType.FLOAT16,
                DataType.INT64,
                DataType.INT32,
                DataType.INT8,
                DataType.UINT8,
                DataType.BOOLEAN
            },
            leavesNothingOpen = true)
    void forward_everyType_goesOverAndBack(
            EngineUnderTest engine, DataType type, NDManager manager) {
        Block identity = new Same();
        EnginePart part = part(other(engine), identity);
        part.initialize(manager, DataType.FLOAT32, new Shape(3));
        NDArray x = manager.create(new float[] {1, 0, 2}).toType(type, true);

        NDArray y = Modules.infer(part, manager, x).singletonOrThrow();

        assertThat(y).hasDataType(type);
        assertThat(y.toType(DataType.FLOAT32, true)).isExactly(x.toType(DataType.FLOAT32, true));
    }

    @EachEngine(
            engines = {"PyTorch", "MXNet"},
            leavesNothingOpen = true)
    void training_withoutAWord_isRefused(EngineUnderTest engine, NDManager manager) {
        EnginePart part = part(other(engine), Linear.withBias(3, 2));
        part.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        assertThatThrownBy(() -> Modules.run(part, manager, true, manager.ones(new Shape(1, 3))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("gradients end at the border to engine " + other(engine))
                .hasMessageContaining("optStopGradient(true)");
    }

    @EachEngine(
            engines = {"PyTorch", "MXNet"},
            leavesNothingOpen = true)
    void training_stoppedGradient_trainsWhatIsBehind(EngineUnderTest engine, NDManager manager) {
        EnginePart part =
                EnginePart.builder()
                        .setBlock(Linear.withBias(3, 4))
                        .setEngine(other(engine))
                        .optStopGradient(true)
                        .build();
        Block before = Linear.withBias(3, 3);
        Block behind = Linear.withBias(4, 1);
        Block model = new SequentialBlock().add(before).add(part).add(behind);
        model.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(model.getParameters().keys())
                .containsExactly(
                        "01Linear_weight", "01Linear_bias", "03Linear_weight", "03Linear_bias");
        NDArray x = manager.arange(6f).reshape(2, 3).duplicate();

        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            NDArray y = Modules.run(model, manager, true, x).singletonOrThrow();
            collector.backward(y.sum());
        }

        NDArray inner =
                Modules.infer(new SequentialBlock().add(before).add(part), manager, x).get(0);
        NDArray expected = inner.sum(new int[] {0}).reshape(1, 4);
        assertThat(behind.getParameters().get("weight").getArray().getGradient())
                .isCloseTo(expected, Tolerance.of(DataType.FLOAT32, 4, 4));
        assertThat(before.getParameters().get("weight").getArray().getGradient())
                .isExactly(new double[9], new Shape(3, 3));
    }

    @EachEngine(
            engines = {"PyTorch", "MXNet"},
            leavesNothingOpen = true)
    void saveParameters_partOfAModel_isReadByAnother(EngineUnderTest engine, NDManager manager)
            throws Exception {
        Block model =
                new SequentialBlock().add(Linear.withBias(5, 3)).add(part(other(engine), head()));
        model.initialize(manager, DataType.FLOAT32, new Shape(1, 5));
        NDArray x = manager.arange(5f).reshape(1, 5);
        NDArray expected = Modules.infer(model, manager, x).singletonOrThrow();

        Block again =
                new SequentialBlock().add(Linear.withBias(5, 3)).add(part(other(engine), head()));
        again.loadParameters(manager, stream(saved(model)));

        assertThat(Modules.infer(again, manager, x).singletonOrThrow()).isExactly(expected);
        assertThatThrownBy(
                        () ->
                                part(other(engine), head())
                                        .loadParameters(manager, stream(new byte[9])))
                .hasMessageContaining("was not saved by an EnginePart");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void build_andCalls_wrongWays_saySo(NDManager manager) {
        assertThatThrownBy(() -> part("Abacus", head()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("engine Abacus is not there, but");
        assertThatThrownBy(() -> EnginePart.builder().setEngine("MXNet").build())
                .hasMessageContaining("setBlock and setEngine are both needed");
        EnginePart part = part("MXNet", head());
        NDArray x = manager.ones(new Shape(1, 3));
        assertThatThrownBy(() -> Modules.infer(part, manager, x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("the part on engine MXNet is not initialised");
        part.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        PairList<String, Object> params = new PairList<>();
        params.add("mask", x);
        assertThatThrownBy(
                        () ->
                                part.forward(
                                        new ai.djl.training.ParameterStore(manager, false),
                                        new NDList(x),
                                        false,
                                        params))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("params [mask] cannot be handed over to engine MXNet");
        part.clear();
        assertThat(part.isInitialized()).isFalse();
    }

    @EachEngine(engines = "PyTorch")
    void forward_manyTimes_keepsNothing(NDManager manager) {
        EnginePart part = part("MXNet", head());
        part.initialize(manager, DataType.FLOAT32, new Shape(1, 3));
        NDArray x = manager.ones(new Shape(1, 3));
        try (NDManager mxnet = Engine.getEngine("MXNet").newBaseManager()) {
            Modules.infer(part, manager, x).close();
            var ofMxnet = io.github.djlblocks.parity.LeakGuard.ofEngine(mxnet);
            int before = ofMxnet.openArrays();
            for (int i = 0; i < 20; i++) {
                Modules.infer(part, manager, x).close();
            }
            assertThat(ofMxnet.openArrays()).isEqualTo(before);
        }
    }

    /** Gives a copy of its input. */
    private static final class Same extends ai.djl.nn.AbstractBlock {

        @Override
        protected NDList forwardInternal(
                ai.djl.training.ParameterStore store,
                NDList inputs,
                boolean training,
                @org.jspecify.annotations.Nullable PairList<String, Object> params) {
            return new NDList(inputs.get(0).duplicate());
        }

        @Override
        public Shape[] getOutputShapes(Shape[] inputShapes) {
            return inputShapes;
        }
    }
}
