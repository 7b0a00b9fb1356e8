package io.github.djlblocks.export;

import static io.github.djlblocks.parity.ParityAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.format.PackedWeight;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.norm.RmsNorm;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.torchscript.ExportOptions;
import io.github.djlblocks.torchscript.ExportTarget;
import io.github.djlblocks.torchscript.TorchScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files whose weights are in a format: the numbers that it stands for, in as many bytes. */
class ExportFormatsTest {

    private static final int IN = 64;
    private static final int OUT = 48;

    /** Classes, functions, pickle, description, and the entries of the zip. */
    private static final long TEXTS = 9_000;

    private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");

    @TempDir private Path directory;

    @AfterEach
    void close() {
        manager.close();
    }

    private Block linear(int in, int out, DataType type) {
        Block block = Linear.withBias(in, out);
        long seed = 3;
        for (Parameter parameter : ParameterPaths.of(block).values()) {
            long mine = seed++;
            parameter.setInitializer(
                    (owner, shape, given) ->
                            RandomTensors.toNDArray(
                                    owner,
                                    RandomTensors.normal(mine, shape.getShape()),
                                    shape,
                                    given));
        }
        block.freezeParameters(true);
        block.initialize(manager, type, new Shape(2, in));
        return block;
    }

    private static double[] values(Block block, String path) {
        return HostValues.of(parameter(block, path).getArray());
    }

    private static Parameter parameter(Block block, String path) {
        return Objects.requireNonNull(ParameterPaths.of(block).get(path));
    }

    private static ExportOptions options(String format, ExportTarget target, int in) {
        return ExportOptions.builder()
                .addInput("x", new Shape(2, in), DataType.FLOAT32)
                .optWeights(WeightFormat.parse(format))
                .optTarget(target)
                .build();
    }

    /** The matrix that a format stands for; independent of what prints and loads a file. */
    private static PackedWeight packed(Block block, WeightFormat format, int in, int out) {
        double[] exact = values(block, "weight");
        float[] floats = new float[exact.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) exact[i];
        }
        return format.pack("weight", out, in, WeightRows.of(floats, out, in));
    }

    /** Activations that are the same in every type. */
    private NDArray quarters(int rows) {
        return manager.arange(rows * IN).reshape(rows, IN).mul(5).mod(17).sub(8).div(4);
    }

    private static double[] product(NDArray x, float[] matrix, double... bias) {
        double[] values = HostValues.of(x);
        double[] product = new double[values.length / IN * OUT];
        for (int at = 0; at < product.length; at++) {
            int row = at / OUT;
            int out = at % OUT;
            product[at] = bias[out];
            for (int in = 0; in < IN; in++) {
                product[at] += values[row * IN + in] * matrix[out * IN + in];
            }
        }
        return product;
    }

    @ParameterizedTest
    @CsvSource({
        "float32, FLOAT32, weight",
        "float16, FLOAT32, weight",
        "bfloat16, BFLOAT16, weight",
        "int8, FLOAT32, weight_codes weight_scales",
        "int4:32, BFLOAT16, weight_codes weight_scales",
        "int4:64, BFLOAT16, weight_codes weight_scales"
    })
    void linear_inAFormat_multipliesByWhatItStandsFor(String name, DataType type, String tensors)
            throws IOException, ModelException {
        WeightFormat format = WeightFormat.parse(name);
        Block block = linear(IN, OUT, DataType.FLOAT32);
        float[] matrix = packed(block, format, IN, OUT).toFloats();
        double[] bias = values(block, "bias");
        // bfloat16 rounds the weight, the bias, the product and the sum.
        Tolerance tolerance =
                type == DataType.FLOAT32
                        ? Tolerance.of(DataType.FLOAT32, IN, 1)
                        : Tolerance.of(DataType.BFLOAT16, 4, 1).deliveredAs(DataType.FLOAT32);
        NDArray x = quarters(3);
        double[] expected = product(x, matrix, bias);
        for (ExportTarget target : ExportTarget.values()) {
            Path file = CaseFiles.in(target, "format-" + name.replace(':', '-') + ".pt");
            TorchScript.export(block, file, options(name, target, IN));
            new CaseFiles(file, "Linear in " + name)
                    .withNames(List.of((tensors + " bias").split(" ")))
                    .write(new NDList(x), expected, new Shape(3, OUT), tolerance);
            try (Model model = Exports.load(file)) {
                // Few rows and many take different ways.
                for (int rows : new int[] {1, 3, 11}) {
                    NDArray given = quarters(rows);
                    NDArray y = Exports.forward(model.getBlock(), new NDList(given)).get(0);
                    double[] truth = product(given, matrix, bias);
                    assertThat(y)
                            .isCloseTo(
                                    RandomTensors.toNDArray(
                                            manager, truth, y.getShape(), DataType.FLOAT32),
                                    tolerance);
                }
                // A parameter of bfloat16 would end the process here.
                assertThat(model.getBlock().getParameters().values())
                        .allMatch(found -> found.getArray().getDataType() != null);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "float16", "bfloat16", "int8", "int4:32", "int4:128"})
    void file_hasTheBytesOfTheFormat(String name) throws IOException {
        WeightFormat format = WeightFormat.parse(name);
        Path file = directory.resolve("linear.pt");

        TorchScript.export(
                linear(512, 384, DataType.FLOAT32),
                file,
                options(name, ExportTarget.PYTORCH_1_13, 512));

        long weight = format.byteSize(384, 512);
        assertThat(Files.size(file)).isBetween(weight, weight + 384 * 4 + TEXTS);
    }

    @Test
    void model_inAFormat_isItsRoundedSelf() throws IOException, ModelException {
        Block block = SmallModels.BERT.initialized(manager);
        NDList example = SmallModels.BERT.inputs(manager, 2, 5);
        NDList inputs = SmallModels.BERT.inputs(manager, 3, 9);
        Path file = CaseFiles.in(ExportTarget.PYTORCH_1_13, "format-model.pt");
        ExportOptions.Builder options = ExportOptions.builder().optWeights(WeightFormat.INT8);
        for (int i = 0; i < example.size(); i++) {
            options.addInput("x" + i, example.get(i));
        }
        TorchScript.export(block, file, options.build());
        ParameterPaths.of(block).forEach(ExportFormatsTest::round);
        NDArray expected = Exports.forward(block, inputs).get(0);
        Tolerance tolerance = Tolerance.of(DataType.FLOAT32, 600, 4);
        new CaseFiles(file, "BERT in int8")
                .write(inputs, HostValues.of(expected), expected.getShape(), tolerance);

        try (Model model = Exports.load(file)) {
            assertThat(Exports.forward(model.getBlock(), inputs).get(0))
                    .isCloseTo(expected, tolerance);
        }
    }

    /** Replaces weights of linear maps, which are matrices but no tables, by what int8 has. */
    private static void round(String path, Parameter parameter) {
        Shape shape = parameter.getShape();
        if (shape.dimension() != 2 || path.contains("mbedding")) {
            return;
        }
        int out = (int) shape.get(0);
        int in = (int) shape.get(1);
        float[] values = parameter.getArray().toFloatArray();
        float[] rounded =
                WeightFormat.INT8.pack(path, out, in, WeightRows.of(values, out, in)).toFloats();
        parameter.getArray().set(rounded);
    }

    @Test
    void typeThatFormatsDoNotTake_isRefused() {
        assertThatThrownBy(
                        () ->
                                TorchScript.export(
                                        linear(4, 3, DataType.FLOAT64),
                                        directory.resolve("a.pt"),
                                        ExportOptions.builder()
                                                .addInput("x", new Shape(2, 4), DataType.FLOAT64)
                                                .optWeights(WeightFormat.INT8)
                                                .build()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "Linear cannot be exported: parameter 'weight' is float64, and formats are"
                                + " for weights of float32: load it so, or leave optWeights out");
    }

    @Test
    void blockWithoutLinearMaps_isRefused() {
        Block norm = RmsNorm.builder().setChannels(4).build();
        norm.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
        assertThatThrownBy(
                        () ->
                                TorchScript.export(
                                        norm,
                                        directory.resolve("a.pt"),
                                        options("int8", ExportTarget.PYTORCH_1_13, 4)))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessage(
                        "RmsNorm cannot be exported: no parameter is the weight of a linear map and"
                                + " nothing else, and the format int8 is for those: leave"
                                + " optWeights out");
    }
}
