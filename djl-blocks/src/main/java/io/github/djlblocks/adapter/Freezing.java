package io.github.djlblocks.adapter;

import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.github.djlblocks.core.FrozenParameters;
import io.github.djlblocks.internal.ParameterPaths;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Freezes parameters by pattern, for good: DJL's {@code Model.newTrainer} on engine PyTorch
 * unfreezes all parameters of a model that was loaded, but not these, if the block it trains is one
 * of this library ({@link AdaptedBlock} or any other). A pattern is a regular expression of whole
 * paths, such as {@code layers\.[0-3]\..*}.
 */
public final class Freezing {

    private Freezing() {}

    /**
     * Freezes parameters.
     *
     * @param block the block they belong to
     * @param pattern a regular expression of their paths
     * @return how many are frozen now, and how many are trained
     * @throws IllegalArgumentException if it is no regular expression, or no path matches
     */
    public static Report freeze(Block block, String pattern) {
        matching(block, pattern).forEach(FrozenParameters::add);
        return report(block);
    }

    /**
     * Makes parameters want gradients again.
     *
     * @param block the block they belong to
     * @param pattern a regular expression of their paths
     * @return how many are frozen now, and how many are trained
     * @throws IllegalArgumentException if it is no regular expression, or no path matches
     */
    public static Report unfreeze(Block block, String pattern) {
        for (Parameter parameter : matching(block, pattern)) {
            FrozenParameters.remove(parameter);
            parameter.freeze(false);
        }
        return report(block);
    }

    /**
     * Counts.
     *
     * @param block a block
     * @return how many of its parameters are frozen, and how many are trained
     */
    public static Report report(Block block) {
        int frozen = 0;
        long frozenElements = 0;
        int trained = 0;
        long trainedElements = 0;
        for (Parameter parameter : ParameterPaths.of(block).values()) {
            long elements = parameter.getShape().size();
            if (parameter.requiresGradient()) {
                trained++;
                trainedElements += elements;
            } else {
                frozen++;
                frozenElements += elements;
            }
        }
        return new Report(frozen, frozenElements, trained, trainedElements);
    }

    private static List<Parameter> matching(Block block, String pattern) {
        Pattern paths = LoraConfig.pattern(pattern, pattern);
        Map<String, Parameter> parameters = ParameterPaths.of(block);
        List<Parameter> matching = new ArrayList<>();
        parameters.forEach(
                (path, parameter) -> {
                    if (paths.matcher(path).matches()) {
                        matching.add(parameter);
                    }
                });
        if (matching.isEmpty()) {
            throw new IllegalArgumentException(
                    "'"
                            + pattern
                            + "' matches no parameter: it must match a whole path, as "
                            + parameters.keySet().stream().findFirst().orElse("none, there are"));
        }
        return matching;
    }

    /**
     * What is frozen and what is trained.
     *
     * @param frozen how many parameters are frozen
     * @param frozenElements how many numbers those are
     * @param trained how many parameters want gradients
     * @param trainedElements how many numbers those are
     */
    public record Report(int frozen, long frozenElements, int trained, long trainedElements) {}
}
