package io.github.djlblocks.torchscript;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What an archive holds is what PyTorch has. */
class LoadedPartsTest {

    private static final String MODEL = "__torch__.djlblocks.Model";

    @TempDir private Path directory;

    private LoadedModule load(ModuleNode root) throws Exception {
        Path file = directory.resolve("model.pt");
        new TorchScriptArchive(root).write(file);
        return LoadedModule.of(file, Map.of());
    }

    /** The types with their numbers in PyTorch, those of c10/core/ScalarType.h. */
    static Stream<Arguments> types() {
        LittleEndian bits16 = new LittleEndian().int16(0x3C00).int16(0xC000).int16(0x3555);
        LittleEndian bits64 = new LittleEndian();
        for (double value : new double[] {0.1, -2, 1e300}) {
            bits64.int64(Double.doubleToLongBits(value));
        }
        LittleEndian longs = new LittleEndian().int64(1).int64(-2).int64(1L << 52);
        return Stream.of(
                Arguments.of(TensorType.FLOAT64, 7, bits64, new double[] {0.1, -2, 1e300}),
                Arguments.of(
                        TensorType.FLOAT32,
                        6,
                        new LittleEndian().int32(0x3F800000).int32(0xC0000000).int32(0x3E800000),
                        new double[] {1, -2, 0.25}),
                Arguments.of(TensorType.FLOAT16, 5, bits16, new double[] {1, -2, 0x1.554p-2}),
                Arguments.of(
                        TensorType.BFLOAT16,
                        15,
                        new LittleEndian().int16(0x3F80).int16(0xC000).int16(0x7F00),
                        new double[] {1, -2, 0x1p127}),
                Arguments.of(TensorType.INT64, 4, longs, new double[] {1, -2, 0x1p52}),
                Arguments.of(
                        TensorType.INT32,
                        3,
                        new LittleEndian().int32(1).int32(-2).int32(Integer.MAX_VALUE),
                        new double[] {1, -2, Integer.MAX_VALUE}),
                Arguments.of(
                        TensorType.INT8,
                        1,
                        new LittleEndian().int8(1).int8(-2).int8(127),
                        new double[] {1, -2, 127}),
                Arguments.of(
                        TensorType.UINT8,
                        0,
                        new LittleEndian().int8(1).int8(254).int8(127),
                        new double[] {1, 254, 127}),
                Arguments.of(
                        TensorType.BOOL,
                        11,
                        new LittleEndian().int8(1).int8(0).int8(1),
                        new double[] {1, 0, 1}));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void load_everyType_hasItsValues(
            TensorType type, int number, LittleEndian bytes, double[] expected) throws Exception {
        // Two of them, as the second shows where the first ends.
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addParameter("weight", Contents.raw(type, new Shape(3, 1), bytes))
                        .addBuffer("kept", Contents.raw(type, new Shape(1, 3), bytes))
                        .addMethod(asDouble("weight"))
                        .addMethod(asDouble("kept"))
                        .addMethod(
                                "def number(self: __torch__.djlblocks.Model) -> int:\n"
                                        + "  return ops.prim.dtype(self.weight)")
                        .build();
        try (LoadedModule loaded = load(root)) {
            NDArray weight = loaded.tensor("weight_as_double");
            assertThat(weight.getShape()).isEqualTo(new Shape(3, 1));
            assertThat(weight.toDoubleArray()).containsExactly(expected);
            NDArray kept = loaded.tensor("kept_as_double");
            assertThat(kept.getShape()).isEqualTo(new Shape(1, 3));
            assertThat(kept.toDoubleArray()).containsExactly(expected);
            assertThat(loaded.run("number").toLong()).isEqualTo(number);
        }
    }

    private static String asDouble(String name) {
        return "def %s_as_double(self: __torch__.djlblocks.Model) -> Tensor:\n  return torch.to(self.%s, 7)"
                .formatted(name, name);
    }

    @Test
    void load_oddShapes_areKept() throws Exception {
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addBuffer("number", Contents.floats(new Shape(), 4))
                        .addBuffer("empty", Contents.floats(new Shape(2, 0, 3)))
                        .addBuffer("cube", Contents.floats(new Shape(2, 1, 2), 1, 2, 3, 4))
                        .addMethod(read("number"))
                        .addMethod(read("empty"))
                        .addMethod(
                                "def get_cube(self: __torch__.djlblocks.Model) -> Tensor:\n"
                                        + "  return torch.permute(self.cube, [2, 1, 0])")
                        .build();
        try (LoadedModule loaded = load(root)) {
            assertThat(loaded.tensor("get_number").getShape()).isEqualTo(new Shape());
            assertThat(loaded.tensor("get_number").toFloatArray()).containsExactly(4);
            assertThat(loaded.tensor("get_empty").getShape()).isEqualTo(new Shape(2, 0, 3));
            assertThat(loaded.tensor("get_cube").toFloatArray()).containsExactly(1, 3, 2, 4);
        }
    }

    private static String read(String name) {
        return "def get_%s(self: __torch__.djlblocks.Model) -> Tensor:\n  return self.%s"
                .formatted(name, name);
    }

    @Test
    void load_sharedTensorAndModule_areOneInMemory() throws Exception {
        StoredTensor shared = Contents.floats(new Shape(2), 1, 2);
        String leaf = "__torch__.djlblocks.Leaf";
        ModuleNode node =
                ModuleNode.builder(leaf)
                        .addBuffer("own", Contents.floats(new Shape(1), 7))
                        .addBuffer("shared", shared)
                        .addInteger("count", 1)
                        .build();
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addChild("a", node)
                        .addChild("b", node)
                        .addBuffer("tied", shared)
                        .addMethod(
                                """
                                def forward(self: __torch__.djlblocks.Model, x: Tensor) -> Tensor:
                                  _0 = torch.add_(self.tied, x)
                                  _1 = torch.mul_(self.a.own, 2)
                                  a = self.a
                                  a.count = 5
                                  return torch.add(torch.cat([self.b.own, self.b.shared]), self.b.count)
                                """)
                        .build();
        try (LoadedModule loaded = load(root)) {
            NDArray y = loaded.tensor("forward", value(loaded.manager().create(10f)));
            assertThat(y.toFloatArray()).containsExactly(19, 16, 17);
            assertThat(entries()).filteredOn(name -> name.contains("/data/")).hasSize(2);
        }
    }

    @Test
    void load_tensorThatIsParameterAndBuffer_isStoredOnce() throws Exception {
        StoredTensor shared = Contents.floats(new Shape(2), 1, 2);
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addParameter("weight", shared)
                        .addBuffer("kept", shared)
                        .addMethod(read("weight"))
                        .addMethod(read("kept"))
                        .build();
        try (LoadedModule loaded = load(root)) {
            assertThat(entries()).filteredOn(name -> name.contains("/data/")).hasSize(1);
            assertThat(loaded.tensor("get_weight").toFloatArray()).containsExactly(1, 2);
            assertThat(loaded.tensor("get_kept").toFloatArray()).containsExactly(1, 2);
        }
    }

    private List<String> entries() throws IOException {
        try (ZipFile zip = new ZipFile(directory.resolve("model.pt").toFile())) {
            return zip.stream().map(ZipEntry::getName).toList();
        }
    }

    private static IValue value(NDArray array) {
        return IValue.from((PtNDArray) array);
    }

    @Test
    void load_values_areThoseGiven() throws Exception {
        List<Long> integers =
                List.of(0L, -1L, 255L, 65_536L, 1L << 31, -(1L << 31) - 1, Long.MIN_VALUE);
        List<Double> floats = List.of(0.1, -1e300, 0.0);
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addString("text", "h\u00e9 'x' \"y\"\n")
                        .addInteger("integer", Long.MAX_VALUE)
                        .addFloat("number", Math.PI)
                        .addBoolean("yes", true)
                        .addBoolean("no", false)
                        .addIntegers("integers", integers)
                        .addIntegers("none", List.of())
                        .addFloats("floats", floats)
                        .addMethod(get("text", "str"))
                        .addMethod(get("integer", "int"))
                        .addMethod(get("number", "float"))
                        .addMethod(get("yes", "bool"))
                        .addMethod(get("no", "bool"))
                        .addMethod(get("training", "bool"))
                        .addMethod(get("integers", "List[int]"))
                        .addMethod(get("none", "List[int]"))
                        .addMethod(get("floats", "List[float]"))
                        .build();
        try (LoadedModule loaded = load(root)) {
            assertThat(loaded.run("get_text").toStringValue()).isEqualTo("h\u00e9 'x' \"y\"\n");
            assertThat(loaded.run("get_integer").toLong()).isEqualTo(Long.MAX_VALUE);
            assertThat(loaded.run("get_number").toDouble()).isEqualTo(Math.PI);
            assertThat(loaded.run("get_yes").toBoolean()).isTrue();
            assertThat(loaded.run("get_no").toBoolean()).isFalse();
            assertThat(loaded.run("get_training").toBoolean()).isFalse();
            assertThat(loaded.run("get_integers").toLongArray())
                    .containsExactly(integers.toArray(Long[]::new));
            assertThat(loaded.run("get_none").toLongArray()).isEmpty();
            assertThat(loaded.run("get_floats").toDoubleArray())
                    .containsExactly(floats.toArray(Double[]::new));
        }
    }

    private static String get(String name, String type) {
        return "def get_%s(self: __torch__.djlblocks.Model) -> %s:\n  return self.%s"
                .formatted(name, type, name);
    }

    @Test
    void load_namesThatAreNoIdentifiers_areReachable() throws Exception {
        ModuleNode.Builder root = ModuleNode.builder(MODEL);
        List<String> names = List.of("0", "lambda", "a-b", "1st layer", "None", "_plain");
        for (int i = 0; i < names.size(); i++) {
            root.addParameter(names.get(i), Contents.floats(new Shape(1), i + 1));
            root.addMethod(
                    "def get_%d(self: __torch__.djlblocks.Model) -> Tensor:\n  return %s"
                            .formatted(i, Identifiers.access("self", names.get(i))));
        }
        try (LoadedModule loaded = load(root.build())) {
            for (int i = 0; i < names.size(); i++) {
                assertThat(loaded.tensor("get_" + i).toFloatArray())
                        .as(names.get(i))
                        .containsExactly(i + 1);
            }
            assertThat(loaded.model().getBlock().getParameters().keys())
                    .containsExactlyElementsOf(names);
        }
    }

    @Test
    void load_manyModules_areAllThere() throws Exception {
        // Beyond the 256 things that a pickle can name in one byte.
        ModuleNode.Builder list = ModuleNode.builder("__torch__.djlblocks.ModuleList");
        StringBuilder sum = new StringBuilder("torch.zeros([1])");
        StoredTensor tied = Contents.floats(new Shape(1), 300);
        for (int i = 0; i < 300; i++) {
            StoredTensor weight = i == 299 ? tied : Contents.floats(new Shape(1), i + 1);
            list.addChild(
                    Integer.toString(i),
                    ModuleNode.builder("__torch__.Leaf").addBuffer("weight", weight).build());
            sum.insert(0, "torch.add(");
            sum.append(", getattr(self.layers, \"").append(i).append("\").weight)");
        }
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addChild("layers", list.build())
                        .addBuffer("tied", tied)
                        .addMethod(read("tied"))
                        .addMethod(
                                "def forward(self: __torch__.djlblocks.Model) -> Tensor:\n"
                                        + "  return "
                                        + sum)
                        .build();
        try (LoadedModule loaded = load(root)) {
            assertThat(loaded.tensor("forward").toFloatArray()).containsExactly(300 * 301 / 2);
            assertThat(loaded.tensor("get_tied").toFloatArray()).containsExactly(300);
        }
    }

    @Test
    void load_trainable_onlyFloatingParametersRequireGradients() throws Exception {
        ModuleNode root =
                ModuleNode.builder(MODEL)
                        .addParameter("weight", Contents.floats(new Shape(1), 2))
                        .addParameter(
                                "index",
                                Contents.raw(
                                        TensorType.INT64,
                                        new Shape(1),
                                        new LittleEndian().int64(3)))
                        .addBuffer("kept", Contents.floats(new Shape(1), 4))
                        .addMethod(requires("weight"))
                        .addMethod(requires("index"))
                        .addMethod(requires("kept"))
                        .build();
        // A model of DJL asks for gradients of every parameter or of none.
        ByteArrayInputStream in = new ByteArrayInputStream(new TorchScriptArchive(root).toBytes());
        try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                PtSymbolBlock block =
                        JniUtils.loadModule((PtNDManager) manager, in, false, false)) {
            assertThat(IValueUtils.runMethod(block, "weight_trains").toBoolean()).isTrue();
            assertThat(IValueUtils.runMethod(block, "index_trains").toBoolean()).isFalse();
            assertThat(IValueUtils.runMethod(block, "kept_trains").toBoolean()).isFalse();
        }
    }

    private static String requires(String name) {
        return "def %s_trains(self: __torch__.djlblocks.Model) -> bool:\n  return ops.prim.requires_grad(self.%s)"
                .formatted(name, name);
    }
}
