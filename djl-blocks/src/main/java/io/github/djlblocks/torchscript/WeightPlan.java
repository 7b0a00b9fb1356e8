package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** In which format each weight of a block is kept, by which kernels it is used. */
final class WeightPlan {

    private final CompileOptions options;
    private final KernelChoice kernels;
    private final Map<Parameter, String> names = new HashMap<>();

    WeightPlan(Block block, CompileOptions options, KernelChoice kernels) {
        this.options = options;
        this.kernels = kernels;
        ParameterPaths.of(block).forEach((path, parameter) -> names.putIfAbsent(parameter, path));
    }

    String name(Parameter parameter) {
        return names.getOrDefault(parameter, parameter.getName());
    }

    /** What a source says; of adapters that came later, the values they have. */
    WeightSource source() {
        return parameter -> {
            requireFloat32(parameter);
            return isOwn(parameter)
                    ? options.source().rows(parameter)
                    : ParameterArrays.rowsOf(parameter);
        };
    }

    /** Whether it is the block's; others come and go with adapters. */
    boolean isOwn(Parameter parameter) {
        return names.containsKey(parameter);
    }

    boolean areOwn(List<Parameter> parameters) {
        return parameters.stream().allMatch(this::isOwn);
    }

    /** Blocks of another type would keep and give what packed weights do not compute. */
    private void requireFloat32(Parameter parameter) {
        if (parameter.isInitialized() && parameter.getArray().getDataType() != DataType.FLOAT32) {
            throw new UnsupportedOperationException(
                    "parameter "
                            + name(parameter)
                            + " is "
                            + parameter.getArray().getDataType()
                            + ", and formats are for weights of float32: load it so, or leave the"
                            + " format out");
        }
    }

    KernelChoice kernels() {
        return kernels;
    }

    ScriptTypes types() {
        return options.types();
    }

    /** Whether weights are copied into a format of our own, or their arrays used as they are. */
    boolean isPacked() {
        return options.weights() != null;
    }

    /** What of it no linear map uses is kept in. */
    WeightFormat rawFormat() {
        return options.types() == ScriptTypes.BFLOAT16
                ? WeightFormat.BFLOAT16
                : WeightFormat.FLOAT32;
    }

    /** The format of the weight of a linear map, or none: it is used as it is. */
    @Nullable WeightFormat linearFormat(Parameter parameter) {
        WeightFormat wanted = options.formatOf(name(parameter));
        if (wanted == null || parameter.getShape().dimension() != 2) {
            return null;
        }
        int in = Math.toIntExact(parameter.getShape().get(1));
        // Groups of four-bit codes divide a row; where they do not, eight bits serve.
        return wanted.takes(in) ? wanted : WeightFormat.INT8;
    }
}
