package io.github.djlblocks.huggingface;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.TensorSource;
import io.github.djlblocks.checkpoint.TransformedTensors;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.format.WeightFormat;
import io.github.djlblocks.format.WeightRows;
import io.github.djlblocks.format.WeightSelection;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** Which weights of a model are those of linear maps, and in which format each is kept. */
final class ModelWeights {

    private final WeightSelection selection;
    private final Map<String, Parameter> linear = new LinkedHashMap<>();
    private final boolean tiedHead;
    private final String table;
    private final String head;
    private final String tableTensor;
    private final String headTensor;

    /**
     * Looks at a model.
     *
     * @param model the model, as it will run compiled
     * @param description whether its embedding is its head, too, and where they are
     * @param options the formats
     * @throws IllegalArgumentException if a format does not take a weight, or a rule names none
     */
    ModelWeights(Block model, ModelDescription description, LoadOptions options) {
        tiedHead = description.hasTiedHead();
        table = description.tablePath().orElse("");
        head = description.headPath().orElse("");
        tableTensor = description.tensorName(table).orElse("");
        headTensor = description.tensorName(head).orElse("");
        selection = options.selection();
        Map<String, Parameter> parameters = ParameterPaths.of(model);
        ParameterPaths.blocks(model)
                .forEach(
                        (path, block) -> {
                            Parameter weight = parameters.get(path + ".weight");
                            if (block instanceof Linear && weight != null) {
                                linear.put(path + ".weight", weight);
                            }
                        });
        if (tiedHead) {
            Parameter weight = parameters.get(table);
            if (weight != null) {
                linear.put(table, weight);
            }
        }
        linear.forEach(this::requireTaken);
        options.rules().forEach(rule -> requireUsed(rule.paths()));
    }

    private void requireTaken(String path, Parameter weight) {
        WeightFormat format = selection.ofLinear(path);
        int in = Math.toIntExact(weight.getShape().get(1));
        if (!format.takes(in)) {
            throw new IllegalArgumentException(
                    path
                            + " "
                            + weight.getShape()
                            + " cannot be kept in "
                            + format
                            + ": "
                            + in
                            + " columns are no whole groups of "
                            + format.group()
                            + "; use a smaller group, or int8, for all or by weights.<paths>");
        }
    }

    private void requireUsed(String paths) {
        Pattern pattern = Pattern.compile(paths);
        if (linear.keySet().stream().noneMatch(path -> pattern.matcher(path).matches())) {
            throw new IllegalArgumentException(
                    "weights."
                            + paths
                            + " matches no weight of a linear map: it must match a whole path, as "
                            + linear.keySet().iterator().next());
        }
    }

    WeightSelection selection() {
        return selection;
    }

    /**
     * The checkpoint with weights rounded to their formats. A tied head is found under its own
     * name: as a map it is rounded otherwise than as a table.
     */
    TensorSource rounded(TensorSource source, WeightMap names) {
        Map<String, String> further =
                tiedHead ? Map.of(headTensor, tableIn(source, names)) : Map.of();
        return new TransformedTensors(
                source,
                further,
                (tensor, firstRow, width, values) -> {
                    String path = names.parameterPath(tensor).orElse(tensor);
                    int rows = values.length / width;
                    WeightRows given = WeightRows.of(values.clone(), rows, width);
                    float[] kept = format(path).pack(path, rows, width, given).toFloats();
                    System.arraycopy(kept, 0, values, 0, values.length);
                });
    }

    /** Names of a family may be several for one parameter. */
    private String tableIn(TensorSource source, WeightMap names) {
        for (String tensor : source.names()) {
            if (names.parameterPath(tensor).filter(table::equals).isPresent()) {
                return tensor;
            }
        }
        return tableTensor;
    }

    private WeightFormat format(String path) {
        if (tiedHead && path.equals(head)) {
            return selection.ofLinear(table);
        }
        boolean isTable = tiedHead && path.equals(table);
        return linear.containsKey(path) && !isTable
                ? selection.ofLinear(path)
                : selection.ofOthers();
    }
}
