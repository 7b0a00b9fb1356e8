package io.github.djlblocks.hybrid;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.initializer.Initializer;
import io.github.djlblocks.core.FrozenParameters;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/** The parameters of a module, by their names in the {@code state_dict}. */
final class ModuleParameters {

    private final Map<String, Parameter> parameters = new LinkedHashMap<>();

    ModuleParameters(List<StateEntry> state, Predicate<String> trainable) {
        for (StateEntry entry : state) {
            if (!entry.isTrainable()) {
                continue;
            }
            Parameter first = entry.sameAs() == null ? null : parameters.get(entry.sameAs());
            Parameter parameter = first == null ? parameter(entry, trainable) : first;
            parameters.put(entry.path(), parameter);
        }
    }

    private static Parameter parameter(StateEntry entry, Predicate<String> trainable) {
        boolean trains = trainable.test(entry.path());
        Parameter parameter =
                Parameter.builder()
                        .setName(entry.path())
                        .setType(type(entry.path()))
                        .optShape(entry.shape())
                        .optRequiresGrad(trains)
                        .build();
        if (!trains) {
            FrozenParameters.add(parameter);
        }
        return parameter;
    }

    private static Parameter.Type type(String path) {
        if (path.endsWith("bias")) {
            return Parameter.Type.BIAS;
        }
        return path.endsWith("weight") ? Parameter.Type.WEIGHT : Parameter.Type.OTHER;
    }

    /** All of them; one that is tied is there under each of its paths. */
    Map<String, Parameter> all() {
        pin();
        return Collections.unmodifiableMap(parameters);
    }

    boolean haveValues() {
        return parameters.values().stream().allMatch(Parameter::isInitialized);
    }

    /** Gives a parameter, if there is one of this path, the module's own tensor. */
    void bind(NDManager manager, String path, NDArray array) {
        Parameter parameter = parameters.get(path);
        if (parameter != null && !parameter.isInitialized()) {
            Initializer initializer = parameter.getInitializer();
            array.setRequiresGradient(parameter.requiresGradient());
            parameter.setInitializer((owner, shape, type) -> array);
            parameter.initialize(manager, DataType.FLOAT32);
            parameter.setInitializer(initializer);
        }
    }

    void close() {
        parameters.values().forEach(Parameter::close);
    }

    /**
     * What is frozen stays so, whoever unfreezes it: DJL's PyTorch model does so to all parameters
     * that were loaded when it makes a trainer.
     */
    private void pin() {
        for (Parameter parameter : parameters.values()) {
            boolean isFrozen = FrozenParameters.contains(parameter);
            if (parameter.requiresGradient() == isFrozen) {
                // Frozen by someone else, or thawed though it is frozen for good.
                FrozenParameters.add(parameter);
            }
        }
    }

    boolean trains() {
        pin();
        return parameters.values().stream().anyMatch(Parameter::requiresGradient);
    }

    void setTrainable(Predicate<String> trainable) {
        Set<Parameter> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        parameters.forEach(
                (path, parameter) -> {
                    if (seen.add(parameter)) {
                        freeze(parameter, !trainable.test(path));
                    }
                });
    }

    private static void freeze(Parameter parameter, boolean isFrozen) {
        if (isFrozen) {
            FrozenParameters.add(parameter);
        } else {
            FrozenParameters.remove(parameter);
            parameter.freeze(false);
        }
    }
}
