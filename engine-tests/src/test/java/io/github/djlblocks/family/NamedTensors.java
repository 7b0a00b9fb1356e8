package io.github.djlblocks.family;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.checkpoint.SafetensorsWriter;
import io.github.djlblocks.checkpoint.StoredType;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.oracle.OracleLinear;
import io.github.djlblocks.parity.oracle.OracleNorms;
import io.github.djlblocks.parity.oracle.Var;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tensors a formula asks for, random by their names; all of them together are a checkpoint. */
final class NamedTensors {

    private final Map<String, Var> tensors = new LinkedHashMap<>();

    Var tensor(String name, int... shape) {
        return tensors.computeIfAbsent(
                name,
                key -> {
                    long[] sizes = Arrays.stream(shape).asLongStream().toArray();
                    double[] values = RandomTensors.normal(key.hashCode(), sizes);
                    double spread = shape.length == 1 ? 0.5 : 1.5 / Math.sqrt(shape[1]);
                    boolean scales = key.endsWith("orm.weight") || key.endsWith("orm.gamma");
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (scales ? 1 : 0) + values[i] * spread;
                    }
                    return Var.of(RandomTensors.rounded(values, DataType.FLOAT32), shape);
                });
    }

    Var linear(String name, Var x, int outputs, boolean bias) {
        int inputs = x.shape()[x.shape().length - 1];
        Var weight = tensor(name + ".weight", outputs, inputs);
        return OracleLinear.linear(x, weight, bias ? tensor(name + ".bias", outputs) : null);
    }

    Var norm(String weight, @Nullable String bias, Var x, double epsilon) {
        int channels = x.shape()[x.shape().length - 1];
        Var b = bias == null ? null : tensor(bias, channels);
        return OracleNorms.layerNorm(x, tensor(weight, channels), b, epsilon);
    }

    Var norm(String name, Var x, double epsilon) {
        return norm(name + ".weight", name + ".bias", x, epsilon);
    }

    Var rows(String name, int rows, int channels, double[] indices, int... shape) {
        int[] of = Arrays.stream(indices).mapToInt(i -> (int) i).toArray();
        return OracleLinear.embedding(of, shape, tensor(name, rows, channels));
    }

    void write(NDManager manager, Path file) throws IOException {
        SafetensorsWriter writer = new SafetensorsWriter();
        tensors.forEach(
                (name, var) -> {
                    long[] sizes = Arrays.stream(var.shape()).asLongStream().toArray();
                    writer.add(
                            name,
                            RandomTensors.toNDArray(
                                    manager, var.values(), new Shape(sizes), DataType.FLOAT32),
                            StoredType.F32);
                });
        writer.write(file);
    }
}
