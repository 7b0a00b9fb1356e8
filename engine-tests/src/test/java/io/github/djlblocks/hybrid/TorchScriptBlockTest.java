package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.LayoutType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.PairList;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.TorchScriptModule;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/** What blocks of real files give, compared with what PyTorch gives. */
class TorchScriptBlockTest {

    @TempDir private Path directory;

    private static final double EXACT = 2e-6;

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_tupleWithDictionary_isWhatPyTorchComputes(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        NDList outputs = Modules.infer(block, manager, Modules.ids(manager));

        assertThat(outputs.stream().map(NDArray::getName).toList())
                .containsExactly("0", "1.plus", "1.double");
        Shape shape = new Shape(2, 3);
        assertThat(outputs.get(0)).isWithin(EXACT, Modules.expected("plain"), shape);
        assertThat(outputs.get(1)).isWithin(EXACT, Modules.expected("plus"), shape);
        assertThat(outputs.get(2)).isWithin(EXACT, Modules.expected("double"), shape);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_optionalArgumentDeclared_isGiven(NDManager manager) throws Exception {
        TorchScriptBlock block =
                Modules.tagger().addInput("scale", new Shape(3), DataType.FLOAT32).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3), new Shape(3));

        NDArray scale = manager.create(new float[] {2, -1, 0.5f});
        NDList outputs = Modules.infer(block, manager, Modules.ids(manager), scale);

        assertThat(outputs.get(0)).isWithin(EXACT, Modules.expected("scaled"), new Shape(2, 3));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void method_ofOneModule_sharesItsParameters(NDManager manager) throws Exception {
        TorchScriptBlock tagger = Modules.tagger().build();
        TorchScriptBlock vector =
                tagger.method("vector").addInput("ids", new Shape(-1, -1), DataType.INT64).build();
        tagger.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        vector.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        NDArray before = Modules.infer(vector, manager, Modules.ids(manager)).singletonOrThrow();
        assertThat(before).isWithin(EXACT, Modules.expected("vector"), new Shape(2, 3));
        assertThat(before.getName()).isEqualTo("output");

        assertThat(vector.getParameters().get("lin.bias"))
                .isSameAs(tagger.getParameters().get("lin.bias"));
        tagger.getParameters().get("lin.bias").getArray().addi(1f);
        NDArray after = Modules.infer(vector, manager, Modules.ids(manager)).singletonOrThrow();
        assertThat(after).isCloseTo(before.add(1), Tolerance.of(DataType.FLOAT32, 1, 4));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void method_madeAfterTheModuleIsLoaded_sharesItsParameters(NDManager manager) throws Exception {
        TorchScriptBlock tagger = Modules.tagger().build();
        tagger.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        tagger.getParameters().get("emb.weight").getArray().muli(0f);

        TorchScriptBlock encode =
                tagger.method("encode")
                        .addInput("ids", new Shape(-1, -1), DataType.INT64)
                        .optArgument("n", 3)
                        .build();
        encode.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDList outputs = Modules.infer(encode, manager, Modules.ids(manager));

        assertThat(outputs.stream().map(NDArray::getName).toList()).containsExactly("0", "1", "2");
        assertThat(outputs.get(2)).isWithin(0, new double[24], new Shape(2, 3, 4));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_tuplesDictionaryListAndConstants_areGrouped(NDManager manager) throws Exception {
        Shape two = new Shape(2);
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("merger.pt"))
                        .addInput("past()", two, DataType.FLOAT32)
                        .addInput("mask.a", two, DataType.FLOAT32)
                        .addInput("past()", two, DataType.FLOAT32)
                        .addInput("states[]", two, DataType.FLOAT32)
                        .addInput("past()", two, DataType.FLOAT32)
                        .addInput("states[]", two, DataType.FLOAT32)
                        .addInput("mask.b", two, DataType.FLOAT32)
                        .optArgument("factor", 2.0)
                        .optArgument("mode", "negate")
                        .build();
        Shape[] shapes = {two, two, two, two, two, two, two};
        block.initialize(manager, DataType.FLOAT32, shapes);
        NDArray[] x = new NDArray[7];
        for (int i = 0; i < 7; i++) {
            x[i] = manager.create(new float[] {i + 1, 0.5f * i});
        }

        NDList outputs = Modules.infer(block, manager, x);

        assertThat(outputs.stream().map(NDArray::getName).toList())
                .containsExactly("total", "parts.0", "parts.1");
        double[] total = new double[2];
        for (int j = 0; j < 2; j++) {
            double[] v = new double[7];
            for (int i = 0; i < 7; i++) {
                v[i] = j == 0 ? i + 1 : 0.5 * i;
            }
            double sum = v[0] + 10 * v[2] + 100 * v[4] + 1000 * v[6] + 10000 * v[1];
            total[j] = -((sum * 2 + v[3]) * 2 + v[5]);
        }
        assertThat(outputs.get(0)).isExactly(total, two);
        assertThat(outputs.get(1)).isExactly(x[0]);
        assertThat(outputs.get(2)).isExactly(x[4]);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_typesThatDjlHasNot_comeInOnesItHas(NDManager manager) throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder().setFile(Modules.file("types.pt")).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2));
        assertThat(block.getParameters().keys()).containsExactly("full");

        NDList outputs = Modules.infer(block, manager, manager.create(new float[] {3, 2}));
        assertThat(outputs).hasSize(3);
        assertThat(outputs.get(0)).isExactly(new double[] {4.5, -4}, new Shape(2));
        assertThat(outputs.get(1)).hasDataType(DataType.INT32);
        assertThat(outputs.get(1).toIntArray()).containsExactly(6, 6);
        assertThat(outputs.get(2)).isExactly(new double[] {0.75, 1}, new Shape(2));

        NDList more = Modules.infer(block, manager, manager.create(new float[] {8, 2}));
        assertThat(more.stream().map(NDArray::getName).toList())
                .containsExactly("0", "1", "2", "3");
        assertThat(more.get(2)).isExactly(new double[] {8, 2}, new Shape(2));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_tracedModule_runsAtOtherBatchSizes(NDManager manager) throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        NDArray x = manager.arange(8f).reshape(2, 4).div(8);

        NDArray two = Modules.infer(block, manager, x).singletonOrThrow();
        NDArray four = Modules.infer(block, manager, x.concat(x, 0)).singletonOrThrow();

        assertThat(two).isWithin(EXACT, Modules.expected("traced"), new Shape(2, 2));
        assertThat(four.get("2:")).isWithin(EXACT, Modules.expected("traced"), new Shape(2, 2));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void getOutputShapes_otherBatchAndUnknownAxes_areRight(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().build();
        Shape one = new Shape(7, 3);
        assertThat(block.getOutputShapes(new Shape[] {new Shape(7, 5)}))
                .containsExactly(one, one, one);
        Shape free = new Shape(-1, 3);
        assertThat(block.getOutputShapes(new Shape[] {new Shape(-1, 5)}))
                .containsExactly(free, free, free);

        TorchScriptBlock guessed =
                TorchScriptBlock.builder().setFile(Modules.file("tagger.pt")).build();
        assertThat(guessed.getOutputShapes(new Shape[] {new Shape(4, 6)})[0])
                .isEqualTo(new Shape(4, 3));
        assertThat(
                        guessed.getOutputShapes(
                                        new Shape[] {new Shape(4, 6)},
                                        new DataType[] {DataType.INT32})[0])
                .isEqualTo(new Shape(4, 3));
        guessed.initialize(manager, DataType.FLOAT32, new Shape(4, 6));
        assertThat(guessed.getOutputDataTypes())
                .containsExactly(DataType.FLOAT32, DataType.FLOAT32, DataType.FLOAT32);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void describe_declaredShapes_haveLayoutsAndNames(NDManager manager) throws Exception {
        Shape declared = new Shape(new long[] {-1, -1}, "NT");
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("tagger.pt"))
                        .addInput("ids", declared, DataType.INT64)
                        .build();

        PairList<String, Shape> inputs = block.describeInput();
        assertThat(inputs.keys()).containsExactly("ids");
        assertThat(inputs.valueAt(0).getLayout())
                .containsExactly(LayoutType.BATCH, LayoutType.TIME);
        PairList<String, Shape> outputs = block.describeOutput();
        assertThat(outputs.keys()).containsExactly("0", "1.plus", "1.double");
        assertThat(outputs.values()).containsOnly(new Shape(-1, 3));
        assertThat(block.methods()).containsOnlyKeys("forward", "encode", "vector");
        assertThat(block.isInitialized()).isFalse();
        assertThat(manager.isOpen()).isTrue();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void optExample_arraysWithoutNames_haveThoseOfTheArguments(NDManager manager) throws Exception {
        NDArray scale = manager.create(new float[] {2, -1, 0.5f});
        NDList example = new NDList(Modules.ids(manager), scale);
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("tagger.pt"))
                        .optExample(example)
                        .build();
        assertThat(block.describeInput().keys()).isEqualTo(List.of("ids", "scale"));
        block.initialize(manager, DataType.FLOAT32, new Shape(5, 2), new Shape(3));

        NDList outputs = Modules.infer(block, manager, example.get(0), example.get(1));
        assertThat(outputs.get(0)).isWithin(EXACT, Modules.expected("scaled"), new Shape(2, 3));
    }

    /** {@code add} keeps its input, {@code sum} gives what all calls of both were given. */
    private Path counter() throws Exception {
        Path file = directory.resolve("counter.pt");
        try (NDManager own = Engine.getEngine("PyTorch").newBaseManager(Device.cpu())) {
            TorchScriptModule.builder("__torch__.Counter")
                    .addBuffer("total", own.zeros(new Shape(2)))
                    .addMethod(
                            """
                            def add(self: __torch__.Counter, x: Tensor) -> Tensor:
                              self.total = torch.add(self.total, x)
                              return x
                            """)
                    .addMethod(
                            """
                            def sum(self: __torch__.Counter, x: Tensor) -> Tensor:
                              return torch.add(self.total, x)
                            """)
                    .build()
                    .write(file);
        }
        return file;
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void method_moduleThatKeepsState_hasItInCommon(NDManager manager) throws Exception {
        Shape two = new Shape(2);
        TorchScriptBlock add =
                TorchScriptBlock.builder()
                        .setFile(counter())
                        .optMethod("add")
                        .addInput("x", two, DataType.FLOAT32)
                        .build();
        add.initialize(manager, DataType.FLOAT32, two);
        NDArray x = manager.create(new float[] {1, 2});
        Modules.infer(add, manager, x);
        Modules.infer(add, manager, x);
        TorchScriptBlock sum = add.method("sum").addInput("x", two, DataType.FLOAT32).build();
        sum.initialize(manager, DataType.FLOAT32, two);

        NDArray zero = manager.zeros(two);
        assertThat(Modules.infer(sum, manager, zero).get(0)).isExactly(new double[] {2, 4}, two);
        Modules.infer(add, manager, x);
        assertThat(Modules.infer(sum, manager, zero).get(0)).isExactly(new double[] {3, 6}, two);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void addOutput_declared_noRunIsNeeded(NDManager manager) throws Exception {
        TorchScriptBlockBuilder builder =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("tagger.pt"))
                        .optMethod("vector")
                        .addInput("ids", new Shape(new long[] {-1, -1}, "NT"), DataType.INT64);
        TorchScriptBlock block =
                builder.addOutput(new Shape(new long[] {-1, 3}, "NC"), DataType.FLOAT32).build();
        assertThat(block.getOutputShapes(new Shape[] {new Shape(7, 5)}))
                .containsExactly(new Shape(7, 3));
        assertThat(block.getOutputShapes(new Shape[] {new Shape(-1, 5)}))
                .containsExactly(new Shape(-1, 3));
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(block.getOutputDataTypes()).containsExactly(DataType.FLOAT32);
        assertThat(Modules.infer(block, manager, Modules.ids(manager)).get(0))
                .isWithin(EXACT, Modules.expected("vector"), new Shape(2, 3));

        TorchScriptBlock wrong = builder.addOutput(new Shape(-1), DataType.INT64).build();
        wrong.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThatThrownBy(() -> Modules.infer(wrong, manager, Modules.ids(manager)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("gave [float32 (2, 3)], but its declared outputs are")
                .hasMessageContaining("int64 (-1)");
    }
}
