package io.github.djlblocks.hybrid;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.EachEngine;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is not a module, or not one for this engine, or not its input. */
class TorchScriptErrorsTest {

    @TempDir private Path directory;

    private static TorchScriptBlock of(Path file) throws Exception {
        return TorchScriptBlock.builder().setFile(file).build();
    }

    /** A copy of a file with the text or bytes of its entries changed. */
    private Path changed(String name, String entry, UnaryOperator<byte[]> change)
            throws IOException {
        Path file = directory.resolve(name);
        try (ZipFile zip = new ZipFile(Modules.file(name).toFile());
                ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (ZipEntry each : zip.stream().toList()) {
                byte[] bytes;
                try (InputStream in = zip.getInputStream(each)) {
                    bytes = in.readAllBytes();
                }
                out.putNextEntry(new ZipEntry(each.getName()));
                out.write(each.getName().endsWith(entry) ? change.apply(bytes) : bytes);
                out.closeEntry();
            }
        }
        return file;
    }

    private static UnaryOperator<byte[]> text(String from, String to) {
        return bytes ->
                new String(bytes, StandardCharsets.UTF_8)
                        .replace(from, to)
                        .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void build_noTorchScriptFile_saysWhatItIs() throws Exception {
        Path text = Files.writeString(directory.resolve("text.pt"), "a text");
        assertThatThrownBy(() -> of(text))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("text.pt is no TorchScript file that can be read")
                .hasMessageContaining("it is no zip archive")
                .hasMessageContaining("torch.jit.script(model).save(path)");
        assertThatThrownBy(() -> of(Modules.file("state_dict.pt")))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("it has tensors but no code, as torch.save writes it");
        assertThatThrownBy(() -> of(directory.resolve("none.pt")))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("none.pt does not exist");
        assertThatThrownBy(() -> of(directory))
                .isInstanceOf(FileNotFoundException.class)
                .hasMessageContaining("is no file");
        assertThatThrownBy(() -> TorchScriptBlock.builder().build())
                .hasMessageContaining("setFile or setContent is missing");
    }

    @Test
    void build_damagedFile_isAnError() throws Exception {
        byte[] whole = Files.readAllBytes(Modules.file("tagger.pt"));
        for (int length : new int[] {0, 100, whole.length / 2, whole.length - 10}) {
            Path cut = Files.write(directory.resolve("cut.pt"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> of(cut))
                    .isInstanceOf(MalformedModelException.class)
                    .hasMessageContaining("cut.pt is no TorchScript file");
        }
        Path pickle = changed("tagger.pt", "/data.pkl", bytes -> Arrays.copyOf(bytes, 300));
        assertThatThrownBy(() -> of(pickle))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("its pickle is damaged near byte 300");
        Path tensor = changed("tagger.pt", "/data/1", bytes -> Arrays.copyOf(bytes, 40));
        assertThatThrownBy(() -> of(tensor))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("'lin.weight' needs 48 bytes, but the file has 40 for it");
        Path evil =
                changed(
                        "tagger.pt",
                        "/data.pkl",
                        bytes -> {
                            byte[] other = bytes.clone();
                            other[2] = 'i';
                            return other;
                        });
        assertThatThrownBy(() -> of(evil))
                .isInstanceOf(MalformedModelException.class)
                .hasMessageContaining("its pickle has instruction 0x69 at byte 2");
    }

    @Test
    void build_wrongMethodOrArguments_namesThoseThereAre() {
        assertThatThrownBy(() -> Modules.tagger().optMethod("decode").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("module __torch__.Tagger has no method 'decode', it has")
                .hasMessageContaining("vector(ids: Tensor) -> Tensor");
        assertThatThrownBy(
                        () ->
                                Modules.tagger()
                                        .addInput("mask", new Shape(3), DataType.INT64)
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has no argument 'mask', but ids, scale");
        assertThatThrownBy(() -> of(Modules.file("merger.pt")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("argument 'mask: Dict[str, Tensor]'")
                .hasMessageContaining("add inputs as 'mask[]' or 'mask.key'");
        assertThatThrownBy(
                        () ->
                                TorchScriptBlock.builder()
                                        .setFile(Modules.file("merger.pt"))
                                        .addInput("past()", new Shape(2), DataType.FLOAT32)
                                        .addInput("mask.a", new Shape(2), DataType.FLOAT32)
                                        .addInput("states[]", new Shape(2), DataType.FLOAT32)
                                        .optArgument("factor", 1.0)
                                        .build())
                .hasMessageContaining("cannot be made of 1 input(s), each takes 3");
        assertThatThrownBy(
                        () ->
                                TorchScriptBlock.builder()
                                        .setFile(Modules.file("types.pt"))
                                        .optMethod("count")
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("method count(x: Tensor) -> int returns int");
        assertThatThrownBy(() -> Modules.tagger().optArgument("n", Double.NaN))
                .hasMessageContaining("argument 'n' cannot be NaN");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_wrongInputs_sayWhatIsExpected(NDManager manager) throws Exception {
        TorchScriptBlock block = Modules.tagger().build();
        NDArray ids = Modules.ids(manager);
        assertThatThrownBy(() -> Modules.infer(block, manager, ids))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("is not loaded: call initialize");
        block.initialize(manager, DataType.FLOAT32, new Shape(2, 3));

        assertThatThrownBy(() -> Modules.infer(block, manager, ids, ids))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("takes 1 input(s) here, [ids int64 (-1, -1)], got 2");
        assertThatThrownBy(() -> Modules.infer(block, manager, manager.ones(new Shape(2, 3))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input 'ids' is float32, expected int64: cast it");
        assertThatThrownBy(() -> Modules.infer(block, manager, ids.flatten()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input 'ids' has shape (6), expected (-1, -1)");
        NDArray outside = ids.add(100);
        for (boolean training : new boolean[] {false, true}) {
            assertThatThrownBy(() -> Modules.run(block, manager, training, outside))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("tagger.pt failed on int64 (2, 3)")
                    .hasMessageContaining("index out of range in self");
        }
        assertThat(Modules.infer(block, manager, ids).get(0))
                .isWithin(2e-6, Modules.expected("plain"), new Shape(2, 3));
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void forward_outputNoEngineTypeHolds_isAnErrorOfTheCall(NDManager manager) throws Exception {
        TorchScriptBlock block =
                TorchScriptBlock.builder()
                        .setFile(Modules.file("types.pt"))
                        .optMethod("imaginary")
                        .build();
        assertThatThrownBy(() -> block.initialize(manager, DataType.FLOAT32, new Shape(2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("an output has a type that cannot leave TorchScript");
        assertThat(block.isInitialized()).isFalse();
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void initialize_operatorThisBuildLacks_leavesNothing(NDManager manager) throws Exception {
        Path file = changed("traced.pt", ".py", text("torch.tanh(", "torch.hypertangent("));
        TorchScriptBlock block = of(file);
        assertThatThrownBy(() -> block.initialize(manager, DataType.FLOAT32, new Shape(2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("traced.pt cannot be loaded by this build of PyTorch")
                .hasMessageContaining("aten::hypertangent");
        assertThat(block.isInitialized()).isFalse();
        assertThat(manager.getManagedArrays()).isEmpty();

        Path good = Files.copy(Modules.file("traced.pt"), directory.resolve("good.pt"));
        TorchScriptBlock late = of(good);
        Files.delete(good);
        assertThatThrownBy(() -> late.initialize(manager, DataType.FLOAT32, new Shape(2, 4)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("good.pt cannot be read any more");
    }

    @EachEngine(engines = "PyTorch", leavesNothingOpen = true)
    void initialize_inputsTheModuleRefuses_leavesNothing(NDManager manager) throws Exception {
        TorchScriptBlock block = of(Modules.file("traced.pt"));
        assertThatThrownBy(() -> block.initialize(manager, DataType.FLOAT32, new Shape(2, 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the module does not run on zeros of [(2, 7)] [float32]")
                .hasMessageContaining("mat1 and mat2 shapes cannot be multiplied (2x7 and 4x5)");
        assertThat(block.isInitialized()).isFalse();
    }

    @EachEngine(engines = "MXNet")
    void initialize_otherEngine_namesTheWay(NDManager manager) throws Exception {
        TorchScriptBlock block = of(Modules.file("traced.pt"));
        assertThatThrownBy(() -> block.initialize(manager, DataType.FLOAT32, new Shape(2, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("runs on engine PyTorch, but the manager is of MXNet")
                .hasMessageContaining("put it into an EnginePart");
        try (NDManager pyTorch = ai.djl.engine.Engine.getEngine("PyTorch").newBaseManager()) {
            block.initialize(pyTorch, DataType.FLOAT32, new Shape(2, 4));
            assertThatThrownBy(() -> Modules.infer(block, manager, manager.ones(new Shape(2, 4))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("input 'input' is on engine MXNet")
                    .hasMessageContaining("put an EnginePart in between");
        }
    }
}
