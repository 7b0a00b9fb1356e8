package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Gradients;
import io.github.djlblocks.parity.HostValues;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.RandomTensors;
import io.github.djlblocks.parity.cases.CaseArray.Kind;
import io.github.djlblocks.parity.oracle.Var;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Runs a case on an engine and by its formula, both from the same numbers rounded to the dtype.
 *
 * <p>Gradients are those of {@code sum(output * R)} with a fixed normal {@code R}, by every
 * floating input and every parameter; a block that is random in training is differentiated as for
 * inference. A pass that cannot run throws what the block throws.
 */
public final class ParityRunner {

    private ParityRunner() {}

    /**
     * Runs the forward pass on an engine, for inference.
     *
     * @param parityCase the case
     * @param engine where
     * @param dataType the dtype of inputs and parameters
     * @return the output
     */
    public static CaseResult forward(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        try (CaseRun run = CaseRun.forInference(parityCase, engine, dataType)) {
            return result(run.forward(false), Map.of());
        }
    }

    /**
     * Runs forward and backward on an engine, for training.
     *
     * @param parityCase the case
     * @param engine where; it can train
     * @param dataType the dtype of inputs and parameters
     * @return the output and the gradients, none if there is neither a floating input nor a
     *     parameter
     */
    public static CaseResult backward(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        return backward(parityCase, engine, dataType, () -> {});
    }

    /** As above, with something that happens between the two passes. */
    static CaseResult backward(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType, Runnable between) {
        // What is random in training has no gradient by a formula; engines record either pass.
        boolean training = !parityCase.isRandomInTraining();
        try (CaseRun run = CaseRun.forTraining(parityCase, engine, dataType)) {
            Shape shape = run.block().getOutputShapes(parityCase.inputShapes())[0];
            double[] r = outputGradient(parityCase, shape, dataType);
            if (run.variables().isEmpty()) {
                return result(run.forward(training), Map.of());
            }
            NDList outputs = new NDList();
            Map<String, double[]> gradients =
                    Gradients.of(
                            engine,
                            run.variables(),
                            r,
                            () -> {
                                NDArray y = run.forward(training);
                                outputs.add(y);
                                between.run();
                                return y;
                            });
            return result(outputs.get(0), gradients);
        }
    }

    /**
     * Computes output and gradients by the formula, from the numbers an engine holds in a dtype.
     *
     * @param parityCase the case
     * @param dataType the dtype inputs and parameters are rounded to; the formula is float64
     * @return the true output and gradients
     */
    public static CaseResult truth(ParityCase parityCase, DataType dataType) {
        Map<String, Var> inputs = new LinkedHashMap<>();
        Map<String, Var> variables = new LinkedHashMap<>();
        for (CaseArray array : parityCase.arrays()) {
            Var input = array.toVar(dataType);
            inputs.put(array.name(), input);
            if (array.kind() == Kind.FLOATING) {
                variables.put(array.name(), input);
            }
        }
        Map<String, Var> parameters = new LinkedHashMap<>();
        ParameterPaths.of(parityCase.newBlock())
                .forEach(
                        (path, parameter) ->
                                parameters.put(
                                        path,
                                        parityCase
                                                .parameter(path, parameter.getShape())
                                                .toVar(dataType)));
        variables.putAll(parameters);
        Var y = parityCase.formula().apply(inputs, parameters);
        Shape shape = new Shape(Arrays.stream(y.shape()).asLongStream().toArray());
        y.backward(outputGradient(parityCase, shape, dataType));
        Map<String, double[]> gradients = new LinkedHashMap<>();
        variables.forEach((name, variable) -> gradients.put(name, gradient(variable)));
        return new CaseResult(y.values(), shape, dataType, gradients);
    }

    private static double[] gradient(Var variable) {
        try {
            return variable.gradient();
        } catch (IllegalStateException unreached) {
            // The output does not depend on it, as on the embedding of a model fed embeddings.
            return new double[variable.values().length];
        }
    }

    /**
     * Compares the output of an engine with the formula.
     *
     * @param parityCase the case
     * @param engine where
     * @param dataType the dtype of inputs and parameters
     * @return how much of the case's tolerance was used
     * @throws IllegalArgumentException if shape or dtype of the output are wrong
     */
    public static Margin compareForward(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        return forward(parityCase, engine, dataType)
                .against(truth(parityCase, dataType), parityCase.tolerance(dataType));
    }

    /**
     * Compares the gradients of an engine with those of the formula.
     *
     * @param parityCase the case
     * @param engine where; it can train
     * @param dataType the dtype of inputs and parameters
     * @return how much of its tolerance each gradient used, by input name or parameter path
     */
    public static Map<String, Margin> compareGradients(
            ParityCase parityCase, EngineUnderTest engine, DataType dataType) {
        return compareGradients(
                parityCase,
                engine,
                backward(parityCase, engine, dataType),
                truth(parityCase, dataType));
    }

    /**
     * Compares gradients that were computed before.
     *
     * @param parityCase the case
     * @param engine where {@code found} was computed
     * @param found the result of {@link #backward}
     * @param truth the result of {@link #truth}
     * @return how much of its tolerance each gradient used, by input name or parameter path
     */
    public static Map<String, Margin> compareGradients(
            ParityCase parityCase, EngineUnderTest engine, CaseResult found, CaseResult truth) {
        Shape output = truth.shape();
        long rows = output.size() / output.get(output.dimension() - 1);
        Map<String, Margin> margins = new LinkedHashMap<>();
        truth.gradients()
                .forEach(
                        (name, expected) ->
                                margins.put(
                                        name,
                                        Margin.of(
                                                expected,
                                                Scope.get(found.gradients(), name),
                                                new Shape(expected.length),
                                                parityCase.gradientTolerance(
                                                        engine.engineName(),
                                                        truth.dataType(),
                                                        name,
                                                        rows))));
        return margins;
    }

    private static double[] outputGradient(ParityCase parityCase, Shape shape, DataType dataType) {
        double[] r = RandomTensors.normal(~parityCase.seed(), shape.getShape());
        return RandomTensors.rounded(r, dataType);
    }

    private static CaseResult result(NDArray y, Map<String, double[]> gradients) {
        return new CaseResult(HostValues.of(y), y.getShape(), y.getDataType(), gradients);
    }
}
