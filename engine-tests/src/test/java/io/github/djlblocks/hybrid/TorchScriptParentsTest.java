package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.feedforward.FeedForward;
import io.github.djlblocks.kernel.ActivationFunction;
import io.github.djlblocks.layer.Residual;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.LeakGuard;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.CompileOptions;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.PassStatistics;
import io.github.djlblocks.torchscript.TorchScript;
import io.github.djlblocks.torchscript.TorchScriptModule;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Modules inside blocks of this library, and blocks of this library as modules. */
class TorchScriptParentsTest {

    private static final Shape SHAPE = new Shape(2, 3, 4);
    private static final Tolerance CLOSE = Tolerance.of(DataType.FLOAT32, 10, 16);

    @TempDir private Path directory;

    /** {@code x * weight + offset}, by hand. */
    private Path scale(NDManager manager) throws Exception {
        Path file = directory.resolve("scale.pt");
        TorchScriptModule.builder("__torch__.Scale")
                .addParameter("weight", manager.create(new float[] {2, 3, 4, 5}))
                .addBuffer("offset", manager.create(new float[] {1, 0, -1, 0.5f}))
                .addMethod(
                        """
                        def forward(self: __torch__.Scale, x: Tensor) -> Tensor:
                          return torch.add(torch.mul(x, self.weight), self.offset)
                        """)
                .build()
                .write(file);
        return file;
    }

    private static TorchScriptBlock of(Path file, boolean trainable) throws Exception {
        return TorchScriptBlock.builder().setFile(file).optTrainable(trainable).build();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void residual_aroundAModule_computesAndGivesGradients(EngineUnderTest engine, NDManager manager)
            throws Exception {
        TorchScriptBlock scale = of(scale(manager), true);
        Block block = Residual.pre(RmsNorm.builder().setChannels(4).build(), scale);
        block.initialize(manager, DataType.FLOAT32, SHAPE);
        NDArray x = manager.arange(24f).reshape(SHAPE).add(1).duplicate();

        NDArray y = Modules.infer(block, manager, x).singletonOrThrow();
        NDArray norm = x.div(x.square().mean(new int[] {2}, true).add(1e-6).sqrt());
        NDArray factors = manager.create(new float[] {2, 3, 4, 5});
        NDArray offset = manager.create(new float[] {1, 0, -1, 0.5f});
        assertThat(y).isCloseTo(x.add(norm.mul(factors).add(offset)), CLOSE);

        try (GradientCollector collector = engine.engine().newGradientCollector()) {
            collector.backward(Modules.run(block, manager, true, x).singletonOrThrow().sum());
        }
        Parameter weight = scale.getParameters().get("weight");
        assertThat(weight.getArray().getGradient()).isCloseTo(norm.sum(new int[] {0, 1}), CLOSE);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_storeThatCopies_usesTheModulesOwn(EngineUnderTest engine, NDManager model)
            throws Exception {
        Block block =
                Residual.pre(RmsNorm.builder().setChannels(4).build(), of(scale(model), false));
        block.initialize(model, DataType.FLOAT32, SHAPE);
        NDList inputs = new NDList(model.ones(SHAPE));
        NDArray expected = Modules.infer(block, model, inputs.get(0)).singletonOrThrow();
        try (NDManager mirror = engine.newManager()) {
            ParameterStore store = new ParameterStore(mirror, true);
            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(block.forward(store, inputs, false).get(0)).isExactly(expected);
            assertThat(LeakGuard.of(mirror).openArrays()).isEqualTo(2);
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void compile_blockAroundAModule_runsBlockByBlock(NDManager manager) throws Exception {
        Residual block =
                Residual.pre(RmsNorm.builder().setChannels(4).build(), of(scale(manager), false));
        block.freezeParameters(true);
        block.initialize(manager, DataType.FLOAT32, SHAPE);
        NDArray x = manager.arange(24f).reshape(SHAPE);
        NDArray expected = Modules.infer(block, manager, x).singletonOrThrow();

        PassStatistics passes = TorchScript.compile(block, manager, CompileOptions.defaults());
        assertThat(Modules.infer(block, manager, x).singletonOrThrow()).isExactly(expected);
        assertThat(passes.compiled()).isZero();
        assertThat(passes.portable()).isEqualTo(1);

        TorchScript.compile(block, manager, CompileOptions.defaults().demanded());
        assertThatThrownBy(() -> Modules.infer(block, manager, x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was to run compiled but cannot")
                .hasMessageContaining("scale.pt is TorchScript already");
        ExportOptions options =
                ExportOptions.builder().addInput("x", SHAPE, DataType.FLOAT32).build();
        assertThatThrownBy(() -> TorchScript.export(block, directory.resolve("out.pt"), options))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("Residual cannot be exported")
                .hasMessageContaining("cannot be written into another script");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void export_ofABlock_trainsAsItDoes(EngineUnderTest engine, NDManager manager)
            throws Exception {
        Block java =
                new SequentialBlock()
                        .add(RmsNorm.builder().setChannels(4).build())
                        .add(
                                FeedForward.of(
                                        Linear.withBias(4, 6),
                                        Linear.withBias(6, 4),
                                        ActivationFunction.GELU));
        java.initialize(manager, DataType.FLOAT32, SHAPE);
        Path file = directory.resolve("export.pt");
        TorchScript.export(
                java, file, ExportOptions.builder().addInput("x", SHAPE, DataType.FLOAT32).build());
        TorchScriptBlock module = of(file, true);
        module.initialize(manager, DataType.FLOAT32, SHAPE);

        for (int length : new int[] {3, 1, 5, 2}) {
            Shape shape = new Shape(2, length, 4);
            NDArray x = manager.arange(8f * length).reshape(shape).sin().duplicate();
            NDArray expected = Modules.infer(java, manager, x).singletonOrThrow();
            assertThat(Modules.infer(module, manager, x).singletonOrThrow())
                    .isCloseTo(expected, CLOSE);
            try (GradientCollector collector = engine.engine().newGradientCollector()) {
                collector.backward(
                        Modules.run(java, manager, true, x).singletonOrThrow().square().sum());
            }
            try (GradientCollector collector = engine.engine().newGradientCollector()) {
                collector.backward(
                        Modules.run(module, manager, true, x).singletonOrThrow().square().sum());
            }
        }
        // PyTorch adds up the gradients of the four lengths.
        io.github.djlblocks.internal.ParameterPaths.of(java)
                .forEach(
                        (path, parameter) ->
                                assertThat(gradient(module.getParameters().get(path)))
                                        .isCloseTo(gradient(parameter), CLOSE));
    }

    private static NDArray gradient(Parameter parameter) {
        return parameter.getArray().getGradient();
    }
}
