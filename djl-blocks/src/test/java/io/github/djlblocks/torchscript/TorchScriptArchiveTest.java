package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Model;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.translate.NoopTranslator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchScriptArchiveTest {

    private static final String MODEL = "__torch__.djlblocks.Model";

    @TempDir private Path directory;

    private LoadedModule load(ModuleNode root) throws Exception {
        return load(new TorchScriptArchive(root), Map.of());
    }

    private LoadedModule load(TorchScriptArchive archive, Map<String, ?> options) throws Exception {
        Path file = directory.resolve("model.pt");
        archive.write(file);
        return LoadedModule.of(file, options);
    }

    private static ModuleNode linear(String weightName, StoredTensor weight, StoredTensor bias) {
        String name = "__torch__.djlblocks.layers.Linear";
        return ModuleNode.builder(name)
                .addParameter(weightName, weight)
                .addBuffer("bias", bias)
                .addMethod(
                        "def forward(self: "
                                + name
                                + ", x: Tensor) -> Tensor:\n  return torch.linear(x, "
                                + Identifiers.access("self", weightName)
                                + ", self.bias)")
                .build();
    }

    /** Two layers of one class, numbered as PyTorch numbers those of a ModuleList. */
    private static ModuleNode twoLayers() {
        ModuleNode first =
                linear(
                        "weight",
                        Contents.floats(new Shape(2, 3), 1, 2, 3, 4, 5, 6),
                        Contents.floats(new Shape(2), 10, 20));
        ModuleNode second =
                linear(
                        "weight",
                        Contents.floats(new Shape(1, 2), -1, 2),
                        Contents.floats(new Shape(1), 0.5f));
        ModuleNode layers =
                ModuleNode.builder("__torch__.djlblocks.ModuleList")
                        .addChild("0", first)
                        .addChild("1", second)
                        .build();
        return ModuleNode.builder(MODEL)
                .addChild("layers", layers)
                .addMethod(
                        """
                        def forward(self: __torch__.djlblocks.Model, x: Tensor) -> Tensor:
                          y = (getattr(self.layers, "0")).forward(x, )
                          return (getattr(self.layers, "1")).forward(y, )
                        """)
                .build();
    }

    @Test
    void load_numberedLayersOfOneClass_predicts() throws Exception {
        try (LoadedModule loaded = load(twoLayers());
                Predictor<NDList, NDList> predictor =
                        loaded.model().newPredictor(new NoopTranslator());
                NDManager manager = loaded.manager().newSubManager()) {
            NDArray x = manager.create(new float[] {1, 0, 2, 0, 1, 0}, new Shape(2, 3));
            NDArray y = predictor.predict(new NDList(x)).singletonOrThrow();
            // Rows (1 + 6 + 10, 4 + 12 + 20) and (2 + 10, 5 + 20), then -a + 2 b + 0.5.
            assertThat(y.getShape()).isEqualTo(new Shape(2, 1));
            assertThat(y.toFloatArray()).containsExactly(55.5f, 38.5f);
        }
    }

    @Test
    void load_parameters_haveTheNamesOfTheStateDict() throws Exception {
        try (LoadedModule loaded = load(twoLayers())) {
            assertThat(loaded.model().getBlock().getParameters().keys())
                    .containsExactly("layers.0.weight", "layers.1.weight");
            assertThat(
                            loaded.model()
                                    .getBlock()
                                    .getParameters()
                                    .get("layers.0.weight")
                                    .getArray()
                                    .toFloatArray())
                    .containsExactly(1, 2, 3, 4, 5, 6);
        }
    }

    @Test
    void extra_files_areRead() throws Exception {
        TorchScriptArchive archive =
                new TorchScriptArchive(twoLayers())
                        .addExtra(
                                "meta.json", "{\"k\": \"\u00fc\"}".getBytes(StandardCharsets.UTF_8))
                        .addExtra("a/b.txt", "second".getBytes(StandardCharsets.US_ASCII));
        try (LoadedModule loaded = load(archive, Map.of("extraFiles", "a/b.txt,meta.json"))) {
            assertThat(loaded.model().getProperty("meta.json")).isEqualTo("{\"k\": \"\u00fc\"}");
            assertThat(loaded.model().getProperty("a/b.txt")).isEqualTo("second");
        }
    }

    @Test
    void toBytes_module_loadsFromAStream() throws Exception {
        byte[] bytes = new TorchScriptArchive(twoLayers()).toBytes();
        try (Model model = Model.newInstance("model", "PyTorch")) {
            model.load(new ByteArrayInputStream(bytes));
            assertThat(model.getBlock().getParameters()).hasSize(2);
        }
        Path file = directory.resolve("same.pt");
        new TorchScriptArchive(twoLayers()).write(file);
        assertThat(file).hasBinaryContent(bytes);
    }

    @Test
    void write_tensorOfOtherLength_leavesNoFile() throws Exception {
        for (int bytes : new int[] {20, 25}) {
            StoredTensor wrong =
                    new StoredTensor(
                            TensorType.FLOAT32, new Shape(2, 3), out -> out.write(new byte[bytes]));
            ModuleNode list =
                    ModuleNode.builder("__torch__.djlblocks.ModuleList")
                            .addChild(
                                    "0", linear("weight", wrong, Contents.floats(new Shape(1), 1)))
                            .build();
            TorchScriptArchive archive =
                    new TorchScriptArchive(
                            ModuleNode.builder(MODEL).addChild("layers", list).build());
            assertThatThrownBy(() -> archive.write(directory.resolve("model.pt")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "tensor 'layers.0.weight' wrote "
                                    + bytes
                                    + " bytes, but FLOAT32 (2, 3) has 24: give it the shape of what"
                                    + " it writes");
            assertThat(directory).isEmptyDirectory();
        }
    }

    @Test
    void write_contentThatFails_leavesTheOldFile() throws Exception {
        Path file = directory.resolve("model.pt");
        Files.writeString(file, "old");
        StoredTensor broken =
                new StoredTensor(
                        TensorType.INT8,
                        new Shape(1),
                        out -> {
                            throw new IOException("disk gone");
                        });
        TorchScriptArchive archive =
                new TorchScriptArchive(ModuleNode.builder(MODEL).addBuffer("b", broken).build());
        assertThatThrownBy(() -> archive.write(file))
                .isInstanceOf(IOException.class)
                .hasMessage("disk gone");
        assertThat(file).hasContent("old");
        assertThat(directory).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void write_existingFile_isReplaced() throws Exception {
        Files.writeString(directory.resolve("model.pt"), "old");
        try (LoadedModule loaded = load(twoLayers())) {
            assertThat(loaded.model().getBlock().getParameters()).hasSize(2);
        }
    }

    @Test
    void addExtra_nameTwice_isNamed() {
        TorchScriptArchive archive = new TorchScriptArchive(twoLayers());
        archive.addExtra("meta", new byte[0]);
        assertThatThrownBy(() -> archive.addExtra("meta", new byte[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "extra file 'meta' is there already or has no name: names must be unique");
    }

    @Test
    void create_twoClassesOfOneName_isNamed() {
        StoredTensor bias = Contents.floats(new Shape(1), 1);
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addChild("a", linear("weight", bias, bias))
                        .addChild("b", linear("kernel", bias, bias))
                        .build();
        assertThatThrownBy(() -> new TorchScriptArchive(root))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "two modules are of class __torch__.djlblocks.layers.Linear but differ in"
                                + " parts or methods: give them two class names");
    }
}
