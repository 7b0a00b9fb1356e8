package io.github.djlblocks.torchscript;

import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightSelection;
import io.github.djlblocks.graph.Graph;
import io.github.djlblocks.graph.Node;
import io.github.djlblocks.graph.Value;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** In which format a file has each parameter, and under which names. */
final class FileWeights {

    private static final String CODES = "_codes";
    private static final String SCALES = "_scales";

    private final @Nullable WeightSelection selection;
    private final Map<Parameter, String> paths = new LinkedHashMap<>();
    private final Map<Parameter, WeightFormat> formats = new HashMap<>();

    private FileWeights(@Nullable WeightSelection selection) {
        this.selection = selection;
    }

    /**
     * Finds the formats: those of the selection, for weights that are nothing but weights of linear
     * maps in every method.
     */
    static FileWeights of(
            Block block, List<RecordedMethod> methods, @Nullable WeightSelection selection) {
        FileWeights weights = new FileWeights(selection);
        ParameterPaths.of(block).forEach((path, parameter) -> weights.paths.put(parameter, path));
        if (selection == null) {
            return weights;
        }
        Set<Parameter> linear = new HashSet<>();
        Set<Parameter> others = new HashSet<>();
        methods.forEach(method -> sort(method.graph(), linear, others));
        linear.removeAll(others);
        if (linear.isEmpty()) {
            throw new UnsupportedOperationException(
                    "no parameter is the weight of a linear map and nothing else, and the format "
                            + selection
                            + " is for those: leave optWeights out");
        }
        weights.paths.forEach(
                (parameter, path) -> {
                    requireFloat32(path, parameter);
                    weights.formats.put(
                            parameter,
                            linear.contains(parameter) && parameter.getShape().dimension() == 2
                                    ? fitting(selection.ofLinear(path), parameter)
                                    : selection.ofOthers());
                });
        return weights;
    }

    private static void requireFloat32(String path, Parameter parameter) {
        if (parameter.isInitialized() && parameter.getArray().getDataType() != DataType.FLOAT32) {
            throw new UnsupportedOperationException(
                    "parameter '"
                            + path
                            + "' is "
                            + parameter.getArray().getDataType()
                            + ", and formats are for weights of float32: load it so, or leave"
                            + " optWeights out");
        }
    }

    /** Groups of four-bit codes divide a row; where they do not, eight bits serve. */
    private static WeightFormat fitting(WeightFormat wanted, Parameter parameter) {
        int in = Math.toIntExact(parameter.getShape().get(1));
        return wanted.takes(in) ? wanted : WeightFormat.INT8;
    }

    private static void sort(Graph graph, Set<Parameter> linear, Set<Parameter> others) {
        for (Node node : graph.nodes()) {
            List<@Nullable Object> operands = node.operands();
            for (int i = 0; i < operands.size(); i++) {
                boolean isWeight = node.operation().equals("linear") && i == 1;
                sort(operands.get(i), isWeight ? linear : others, linear, others);
            }
        }
    }

    private static void sort(
            @Nullable Object operand,
            Set<Parameter> mine,
            Set<Parameter> linear,
            Set<Parameter> others) {
        if (operand instanceof Value value && value.kind() == Value.Kind.PARAMETER) {
            mine.add(value.parameter());
        } else if (operand instanceof Graph body) {
            sort(body, linear, others);
        } else if (operand instanceof List<?> list) {
            list.forEach(element -> sort(element, mine, linear, others));
        }
    }

    /** What FLOAT32 is while the file computes. */
    ScriptTypes types() {
        return selection != null && selection.ofOthers().equals(WeightFormat.BFLOAT16)
                ? ScriptTypes.BFLOAT16
                : ScriptTypes.FLOAT32;
    }

    /** Whether any weight has codes. */
    boolean hasCodes() {
        return formats.values().stream().anyMatch(FileWeights::isCoded);
    }

    private static boolean isCoded(WeightFormat format) {
        return format.bits() < 16;
    }

    /** The format of the weight of a linear map, or none: it is in the type of activations. */
    @Nullable WeightFormat linearFormat(Parameter parameter) {
        WeightFormat format = formats.get(parameter);
        boolean plain = format == null || selection == null || format.equals(selection.ofOthers());
        return plain ? null : format;
    }

    /** Where the tensors of a parameter are, which has a path. */
    List<String> expressions(Parameter parameter) {
        String path = paths.get(parameter);
        if (path == null) {
            throw new UnsupportedOperationException(
                    "it computes with parameter '"
                            + parameter.getName()
                            + "', which none of its child blocks has: add the block that has it"
                            + " as a child");
        }
        WeightFormat format = formats.get(parameter);
        boolean coded = format != null && isCoded(format);
        List<String> endings = coded ? List.of(CODES, SCALES) : List.of("");
        return endings.stream().map(ending -> ModuleTree.expression(path + ending)).toList();
    }

    /** The tensors of a parameter by what their names have behind its own. */
    Map<String, ModuleNode.Tensor> tensors(Parameter parameter) {
        WeightFormat format = formats.get(parameter);
        Map<String, ModuleNode.Tensor> tensors = new LinkedHashMap<>();
        if (format == null || format.equals(WeightFormat.FLOAT32)) {
            StoredTensor tensor = StoredArrays.of(parameter.getArray());
            tensors.put("", new ModuleNode.Tensor(tensor, ModuleNode.Kind.PARAMETER));
            return tensors;
        }
        PackedTensors packed =
                new PackedTensors(
                        paths.getOrDefault(parameter, parameter.getName()), parameter, format);
        if (!isCoded(format)) {
            // DJL aborts where it meets a parameter of bfloat16; it does not look at buffers.
            boolean buffer = format.equals(WeightFormat.BFLOAT16);
            tensors.put(
                    "",
                    new ModuleNode.Tensor(
                            packed.values(),
                            buffer ? ModuleNode.Kind.BUFFER : ModuleNode.Kind.PARAMETER));
            return tensors;
        }
        tensors.put(CODES, new ModuleNode.Tensor(packed.codes(), ModuleNode.Kind.BUFFER));
        tensors.put(SCALES, new ModuleNode.Tensor(packed.scales(), ModuleNode.Kind.BUFFER));
        return tensors;
    }
}
