package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.SequentialBlock;
import io.github.djlblocks.checkpoint.ArrayTensors;
import io.github.djlblocks.checkpoint.CheckpointLoader;
import io.github.djlblocks.checkpoint.LoadReport;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import java.util.Map;

/** Weights from a module into a block in Java, and back; both are run on the same input. */
class WeightsAcrossTest {

    private static final Tolerance CLOSE = Tolerance.of(DataType.FLOAT32, 5, 8);

    /** What traced.pt is: Linear(4, 5), Tanh, Linear(5, 2). */
    private static Block java() {
        return new SequentialBlock()
                .add(Linear.withBias(4, 5))
                .add(Activation.tanhBlock())
                .add(Linear.withBias(5, 2));
    }

    private static final WeightMap TO_JAVA =
            WeightMap.builder()
                    .rename("0.{p}", "01Linear.{p}")
                    .rename("2.{p}", "03Linear.{p}")
                    .build();

    private static final WeightMap TO_MODULE =
            WeightMap.builder()
                    .rename("01Linear.{p}", "0.{p}")
                    .rename("03Linear.{p}", "2.{p}")
                    .build();

    private static TorchScriptBlock traced(NDManager manager) throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        return block;
    }

    private static NDArray x(NDManager manager) {
        return manager.arange(8f).reshape(2, 4).div(8);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void state_intoAJavaBlock_bothComputeTheSame(NDManager manager) throws Exception {
        TorchScriptBlock module = traced(manager);
        Block java = java();

        LoadReport report =
                CheckpointLoader.load(
                        java, module.state(), TO_JAVA, manager, DataType.FLOAT32, new Shape(2, 4));

        assertThat(report.loaded())
                .isEqualTo(
                        Map.of(
                                "01Linear.weight", "0.weight",
                                "01Linear.bias", "0.bias",
                                "03Linear.weight", "2.weight",
                                "03Linear.bias", "2.bias"));
        NDArray expected = Modules.infer(module, manager, x(manager)).singletonOrThrow();
        NDArray actual = Modules.infer(java, manager, x(manager)).singletonOrThrow();
        assertThat(actual).isCloseTo(expected, CLOSE);
        assertThat(actual).isWithin(2e-6, Modules.expected("traced"), new Shape(2, 2));
    }

    @EachEngine(
            engines = {"PyTorch", "MXNet"},
            leavesNothingOpen = true)
    void loadState_ofAJavaBlock_bothComputeTheSame(NDManager manager) throws Exception {
        Block java = java();
        java.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        NDArray expected = Modules.infer(java, manager, x(manager)).singletonOrThrow();
        try (NDManager pyTorch =
                ai.djl.engine.Engine.getEngine("PyTorch").newBaseManager(ai.djl.Device.cpu())) {
            TorchScriptBlock module = traced(pyTorch);
            module.setTrainable(name -> true);

            LoadReport report = module.loadState(ArrayTensors.of(java), TO_MODULE, name -> false);

            assertThat(report.loaded()).containsEntry("2.weight", "03Linear.weight").hasSize(4);
            NDArray actual = Modules.infer(module, pyTorch, x(pyTorch)).singletonOrThrow();
            double[] numbers = new double[4];
            float[] floats = expected.toFloatArray();
            for (int i = 0; i < 4; i++) {
                numbers[i] = floats[i];
            }
            assertThat(actual).isCloseTo(numbers, new Shape(2, 2), CLOSE);
            assertThat(module.getParameters().get("0.bias").getArray().toFloatArray())
                    .isEqualTo(java.getParameters().get("01Linear_bias").getArray().toFloatArray());
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void state_ofAModuleWithBuffers_hasThemAndTiesOnce(NDManager manager) throws Exception {
        TorchScriptBlock tagger = Modules.tagger().build();
        tagger.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        assertThat(tagger.state().names())
                .containsExactly(
                        "emb.weight",
                        "lin.weight",
                        "lin.bias",
                        "bn.weight",
                        "bn.bias",
                        "bn.running_mean",
                        "bn.running_var",
                        "bn.num_batches_tracked",
                        "layers.0.weight",
                        "layers.0.bias",
                        "layers.1.bias");
        assertThat(tagger.state().info("bn.num_batches_tracked").shape()).isEqualTo(new Shape());

        TorchScriptBlock other = Modules.tagger().build();
        other.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        tagger.getParameters().get("layers.1.weight").getArray().muli(2f);
        tagger.getParameters().get("bn.bias").getArray().addi(1f);
        other.loadState(tagger.state(), WeightMap.identity(), name -> false);
        NDArray ids = Modules.ids(manager);
        assertThat(Modules.infer(other, manager, ids).get(0))
                .isExactly(Modules.infer(tagger, manager, ids).get(0));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void loadState_whatDoesNotFit_changesNothing(NDManager manager) throws Exception {
        TorchScriptBlock module = traced(manager);
        NDArray expected = Modules.infer(module, manager, x(manager)).singletonOrThrow();
        Block small = new SequentialBlock().add(Linear.withBias(4, 6)).add(Linear.withBias(6, 2));
        small.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        WeightMap map =
                WeightMap.builder()
                        .rename("01Linear.{p}", "0.{p}")
                        .rename("02Linear.weight", "2.gain")
                        .build();

        assertThatThrownBy(() -> module.loadState(ArrayTensors.of(small), map, "2.bias"::equals))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("does not fit")
                .hasMessageContaining("0.weight (5, 4) <- 01Linear.weight (6, 4)")
                .hasMessageContaining("0.bias (5) <- 01Linear.bias (6)")
                .hasMessageContaining("02Linear.bias: no pattern renames or ignores it")
                .hasMessageContaining("belongs to 2.gain, which the module does not have")
                .hasMessageContaining("missing:\n    2.weight");
        assertThat(Modules.infer(module, manager, x(manager)).singletonOrThrow())
                .isExactly(expected);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void checkpointLoader_blockWithValuesOfItsOwn_isAnError(NDManager manager) throws Exception {
        TorchScriptBlock module = traced(manager);
        Block fresh =
                new SequentialBlock()
                        .add(TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build());
        WeightMap map = WeightMap.builder().rename("{i}.{p}", "TorchScriptBlock.{i}.{p}").build();
        assertThatThrownBy(
                        () ->
                                CheckpointLoader.load(
                                        fresh,
                                        module.state(),
                                        map,
                                        manager,
                                        DataType.FLOAT32,
                                        new Shape(2, 4)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("parameter TorchScriptBlock.0.weight")
                .hasMessageContaining("brings values of its own");
    }
}
