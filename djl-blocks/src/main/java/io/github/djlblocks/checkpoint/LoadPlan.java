package io.github.djlblocks.checkpoint;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.LoadReport.ShapeMismatch;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Brings tensors and parameters together before anything is read. */
final class LoadPlan {

    private final Map<String, Parameter> parameters;
    private final Map<String, String> aliases;
    private final TensorSource source;
    private final WeightMap weightMap;
    private final DataType dataType;

    private final Map<String, String> assigned = new LinkedHashMap<>();
    private final Map<String, String> tied = new LinkedHashMap<>();
    private final List<String> ignored = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private final Map<String, String> unexpected = new LinkedHashMap<>();
    private final List<ShapeMismatch> mismatched = new ArrayList<>();
    private final List<String> rejected = new ArrayList<>();

    LoadPlan(Block block, TensorSource source, WeightMap weightMap, DataType dataType) {
        this.parameters = ParameterPaths.of(block);
        this.aliases = ParameterPaths.aliases(block);
        this.source = source;
        this.weightMap = weightMap;
        this.dataType = dataType;
        source.names().forEach(this::place);
        weightMap.ties().forEach(this::tie);
        parameters.forEach(this::check);
    }

    Map<String, Parameter> parameters() {
        return parameters;
    }

    LoadReport report() {
        Map<String, String> loaded = new LinkedHashMap<>();
        for (String path : parameters.keySet()) {
            String tensor = assigned.get(path);
            if (tensor != null) {
                loaded.put(path, tensor);
            }
        }
        return new LoadReport(loaded, tied, ignored, missing, unexpected, mismatched, rejected);
    }

    private void place(String tensor) {
        if (weightMap.ignores(tensor)) {
            ignored.add(tensor);
            return;
        }
        String path = weightMap.parameterPath(tensor).orElse(null);
        if (path == null) {
            unexpected.put(tensor, "no pattern renames or ignores it");
            return;
        }
        String first = aliases.getOrDefault(path, path);
        if (!parameters.containsKey(first)) {
            unexpected.put(tensor, "belongs to " + path + ", which the block does not have");
            return;
        }
        String other = assigned.putIfAbsent(first, tensor);
        if (other != null) {
            rejected.add(
                    "parameter "
                            + first
                            + " would be filled by both '"
                            + other
                            + "' and '"
                            + tensor
                            + "': ignore one of them");
        }
    }

    private void tie(String path, String tensor) {
        if (parameters.containsKey(path)
                && !assigned.containsKey(path)
                && source.names().contains(tensor)) {
            assigned.put(path, tensor);
            tied.put(path, tensor);
            unexpected.remove(tensor);
            ignored.remove(tensor);
        }
    }

    private void check(String path, Parameter parameter) {
        String tensor = assigned.get(path);
        Shape shape = parameter.getShape();
        if (shape == null) {
            rejected.add(
                    "parameter "
                            + path
                            + " has no shape yet: its block must set it when it is constructed");
        }
        if (tensor == null) {
            missing.add(path);
            return;
        }
        TensorInfo info = source.info(tensor);
        if (shape != null && !shape.equals(info.shape())) {
            mismatched.add(new ShapeMismatch(path, shape, tensor, info.shape()));
        }
        if (!Conversions.readableAs(info.type()).contains(dataType)) {
            rejected.add(Conversions.refusal(info, dataType));
        }
    }
}
