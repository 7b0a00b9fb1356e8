package io.github.djlblocks.adapter;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.checkpoint.WeightMap;
import io.github.djlblocks.core.Linear;
import io.github.djlblocks.family.ModelDescription;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The linear maps of a model, under the names that their modules have in its checkpoint. */
final class Modules {

    private static final String WEIGHT = ".weight";

    private final Map<String, Linear> linear = new LinkedHashMap<>();
    private final Map<String, String> paths = new LinkedHashMap<>();
    private final Set<String> others = new LinkedHashSet<>();
    private final Set<String> turned = new LinkedHashSet<>();
    private final @Nullable ModelDescription description;
    private final WeightMap names;
    private final @Nullable String head;

    Modules(Block model, @Nullable ModelDescription description) {
        this.description = description;
        names = description == null ? WeightMap.identity() : description.weightMap();
        Set<Block> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Set<String> weights = new LinkedHashSet<>();
        ParameterPaths.blocks(model)
                .forEach(
                        (path, block) -> {
                            if (block instanceof Linear map && seen.add(map)) {
                                add(path, map);
                                weights.add(path + WEIGHT);
                            }
                        });
        Map<String, Parameter> parameters = ParameterPaths.of(model);
        for (String path : parameters.keySet()) {
            if (path.endsWith(WEIGHT) && !weights.contains(path)) {
                tensor(path).map(Modules::module).ifPresent(others::add);
            }
        }
        head = headPath(model).flatMap(this::tensor).map(Modules::module).orElse(null);
    }

    /** Where the scores of tokens are made: what PEFT leaves out of all linear maps. */
    private Optional<String> headPath(Block model) {
        if (description != null) {
            return description.headPath();
        }
        return ParameterPaths.of(model).keySet().stream()
                .filter(path -> path.equals("head.weight") || path.endsWith("head.output.weight"))
                .findFirst();
    }

    private void add(String path, Linear map) {
        String tensor =
                tensor(path + WEIGHT)
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                path
                                                        + " has no name in a checkpoint of "
                                                        + modelType()
                                                        + ": give the description of the model"));
        String module = module(tensor);
        linear.put(module, map);
        paths.put(module, path);
        if (description != null && description.isTransposed(tensor)) {
            turned.add(module);
        }
    }

    private String modelType() {
        return description == null ? "this model" : description.modelType();
    }

    private Optional<String> tensor(String path) {
        return description == null ? Optional.of(path) : description.tensorName(path);
    }

    private static String module(String tensor) {
        return tensor.endsWith(WEIGHT)
                ? tensor.substring(0, tensor.length() - WEIGHT.length())
                : tensor;
    }

    /** All of them, by name. */
    Map<String, Linear> linear() {
        return linear;
    }

    /** The path of the block that is a module. */
    String path(String module) {
        return paths.getOrDefault(module, module);
    }

    /** The name that this model gives a module of a checkpoint, which may have several. */
    Optional<String> own(String module) {
        if (linear.containsKey(module)) {
            return Optional.of(module);
        }
        return names.parameterPath(module + WEIGHT)
                .flatMap(this::tensor)
                .map(Modules::module)
                .filter(linear::containsKey);
    }

    /** Whether the module is there and is no linear map, such as an embedding. */
    boolean isOther(String module) {
        return others.contains(module)
                || names.parameterPath(module + WEIGHT)
                        .flatMap(this::tensor)
                        .map(Modules::module)
                        .filter(others::contains)
                        .isPresent();
    }

    /** Whether the module is the head of a model whose head is its embedding table. */
    boolean isTiedHead(String module) {
        return module.equals(head) && !linear.containsKey(module);
    }

    Set<String> others() {
        return others;
    }

    boolean isHead(String module) {
        return module.equals(head);
    }

    /** Whether the module's matrix is stored as (in, out). */
    boolean isTurned(String module) {
        return turned.contains(module);
    }
}
