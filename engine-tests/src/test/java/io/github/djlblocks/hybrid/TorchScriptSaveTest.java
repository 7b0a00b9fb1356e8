package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.SequentialBlock;
import ai.djl.translate.Batchifier;
import ai.djl.translate.NoopTranslator;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.norm.LayerNorm;
import io.github.djlblocks.parity.EachEngine;
import io.github.djlblocks.parity.EngineUnderTest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Modules that are saved with the blocks around them, and as files of their own. */
class TorchScriptSaveTest {

    @TempDir private Path directory;

    private static Block traced() throws Exception {
        return TorchScriptBlock.builder().setFile(Modules.file("traced.pt")).build();
    }

    /** Two modules of one file, first and in the middle, between blocks of ours. */
    private static SequentialBlock stack() throws Exception {
        return new SequentialBlock()
                .add(Modules.tagger().optMethod("vector").build())
                .add(Linear.withBias(3, 4))
                .add(traced())
                .add(LayerNorm.builder().setChannels(2).build())
                .add(Linear.withBias(2, 4))
                .add(traced());
    }

    private static byte[] saved(Block block) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        block.saveParameters(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static void load(Block block, NDManager manager, byte[] bytes) throws Exception {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes));
        block.loadParameters(manager, in);
        assertThat(in.read()).isEqualTo(-1);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void saveParameters_modulesAmongBlocks_areReadByOthersOfTheSameKind(NDManager manager)
            throws Exception {
        SequentialBlock block = stack();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        // The two traced parts differ from their file, and from each other.
        block.getParameters().get("03TorchScriptBlock_0.bias").getArray().addi(0.5f);
        block.getParameters().get("06TorchScriptBlock_2.weight").getArray().muli(-2f);
        NDArray ids = Modules.ids(manager);
        NDArray expected = Modules.infer(block, manager, ids).singletonOrThrow();
        byte[] bytes = saved(block);

        SequentialBlock other = stack();
        load(other, manager, bytes);
        assertThat(Modules.infer(other, manager, ids).singletonOrThrow()).isExactly(expected);

        SequentialBlock initialised = stack();
        initialised.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray before = Modules.infer(initialised, manager, ids).singletonOrThrow();
        assertThat(before.toFloatArray()).isNotEqualTo(expected.toFloatArray());
        load(initialised, manager, bytes);
        assertThat(Modules.infer(initialised, manager, ids).singletonOrThrow()).isExactly(expected);
        initialised.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(Modules.infer(initialised, manager, ids).singletonOrThrow()).isExactly(expected);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void loadParameters_otherModule_leavesTheBlockAsItWas(NDManager manager) throws Exception {
        Block traced = traced();
        traced.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        byte[] bytes = saved(traced);
        Block tagger = Modules.tagger().build();
        tagger.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        NDArray expected = Modules.infer(tagger, manager, Modules.ids(manager)).get(0);

        assertThatThrownBy(() -> load(tagger, manager, bytes))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("what was saved is another module than")
                .hasMessageContaining("tagger.pt")
                .hasMessageContaining("it has tensor 0.weight F32 (5, 4)")
                .hasMessageContaining("where emb.weight F32 (11, 4) is here");
        byte[] cut = Arrays.copyOf(saved(tagger), 5000);
        assertThatThrownBy(() -> load(tagger, manager, cut))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bytes before the module does");
        assertThatThrownBy(() -> load(tagger, manager, new byte[100]))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("was not saved by a TorchScriptBlock");

        assertThat(Modules.infer(tagger, manager, Modules.ids(manager)).get(0)).isExactly(expected);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void save_changedModule_isAFileThatOthersLoad(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().optTrainable(true).build();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        block.getParameters().get("layers.0.weight").getArray().muli(3f);
        NDArray ids = Modules.ids(manager);
        NDArray expected = Modules.infer(block, manager, ids).get(0);
        Path file = directory.resolve("changed.pt");
        block.save(file);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }

        TorchScriptBlock again =
                TorchScriptBlock.builder().setContent(Files.readAllBytes(file)).build();
        again.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        assertThat(Modules.infer(again, manager, ids).get(0)).isExactly(expected);
        assertThat(again.getParameters().get("layers.1.weight"))
                .isSameAs(again.getParameters().get("layers.0.weight"));
        assertThat(again.methods()).isEqualTo(block.methods());

        try (Model model = Model.newInstance("changed", "PyTorch")) {
            model.load(directory, "changed");
            NDArray djl = Modules.infer(model.getBlock(), manager, ids).get(0);
            assertThat(djl).isExactly(expected);
        }
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void saveParameters_notLoaded_saysSo(NDManager manager) throws Exception {
        Block block = traced();
        assertThatThrownBy(() -> saved(block))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("traced.pt is not loaded: call initialize");
        block.initialize(manager, DataType.FLOAT32, new Shape(1, 4));
        block.clear();
        assertThat(block.isInitialized()).isFalse();
        assertThatThrownBy(() -> saved(block)).hasMessageContaining("is not loaded");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void clear_ofTheBlockAround_startsAnewFromTheFile(NDManager manager) throws Exception {
        SequentialBlock block = new SequentialBlock().add(traced());
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        NDArray x = manager.arange(8f).reshape(2, 4).div(8);
        block.getParameters().values().forEach(each -> each.getArray().muli(0f));
        block.clear();
        assertThat(block.isInitialized()).isFalse();
        assertThatThrownBy(() -> Modules.infer(block, manager, x))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is not loaded");
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        assertThat(Modules.infer(block, manager, x).singletonOrThrow())
                .isWithin(2e-6, Modules.expected("traced"), new Shape(2, 2));
    }

    private static SequentialBlock methodsOfOneModule() throws Exception {
        TorchScriptBlock vector = Modules.tagger().optMethod("vector").build();
        TorchScriptBlock encode =
                vector.method("encode")
                        .addInput("ids", new Shape(-1, -1), DataType.INT64)
                        .optArgument("n", 2)
                        .build();
        return new SequentialBlock()
                .add(new ParallelBlock(Modules::joined, List.of(vector, encode)));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void saveParameters_twoMethodsOfOneModule_shareWhatIsRead(NDManager manager) throws Exception {
        SequentialBlock block = methodsOfOneModule();
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));
        ParameterPaths.of(block).values().forEach(each -> each.getArray().muli(2f));
        NDArray ids = Modules.ids(manager);
        NDList expected = Modules.infer(block, manager, ids);

        SequentialBlock other = methodsOfOneModule();
        load(other, manager, saved(block));
        NDList actual = Modules.infer(other, manager, ids);

        assertThat(actual).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(actual.get(i)).isExactly(expected.get(i));
        }
        assertThat(ParameterPaths.of(other)).hasSize(8);
        assertThat(ParameterPaths.aliases(other)).hasSize(10);
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void loadParameters_onAnotherManager_movesTheModuleThere(
            EngineUnderTest engine, NDManager manager) throws Exception {
        Block block = traced();
        try (NDManager first = engine.newManager()) {
            block.initialize(first, DataType.FLOAT32, new Shape(2, 4));
            load(block, manager, saved(block));
        }
        NDArray x = manager.arange(8f).reshape(2, 4).div(8);
        assertThat(Modules.infer(block, manager, x).singletonOrThrow())
                .isWithin(2e-6, Modules.expected("traced"), new Shape(2, 2));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void predictor_ofAModel_runsTheModule(NDManager manager) throws Exception {
        try (Model model = Model.newInstance("predicted", "PyTorch")) {
            Block block = traced();
            block.initialize(model.getNDManager(), DataType.FLOAT32, new Shape(2, 4));
            model.setBlock(block);
            try (Predictor<NDList, NDList> predictor =
                    model.newPredictor(new NoopTranslator(Batchifier.STACK))) {
                NDList x = new NDList(manager.arange(8f).reshape(2, 4).div(8).get("1"));
                double[] all = Modules.expected("traced");
                double[] second = {all[2], all[3]};
                NDList y = predictor.predict(x);
                assertThat(y.singletonOrThrow()).isWithin(2e-6, second, new Shape(2));
                y.close();
            }
        }
    }
}
