package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.CaseArray.HostArray;
import io.github.djlblocks.parity.cases.CaseArray.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Builds a {@link ParityCase}. */
public final class ParityCaseBuilder {

    final String blockName;
    String variant;
    @Nullable Supplier<? extends Block> block;
    @Nullable Formula formula;
    final List<CaseArray> arrays = new ArrayList<>();
    final Map<String, double[]> parameters = new LinkedHashMap<>();
    final Map<String, Double> gradientScales = new LinkedHashMap<>();
    @Nullable Function<Map<String, NDArray>, PairList<String, Object>> params;
    long reductionLength;
    double constant;
    @Nullable Long gradientTerms;
    final Set<String> singlePrecisionGradients = new HashSet<>();
    final Map<String, int[]> freeAxes = new LinkedHashMap<>();
    boolean randomInTraining;
    String reason = "";

    ParityCaseBuilder(String blockName, String variant) {
        this.blockName = blockName;
        this.variant = variant;
    }

    /**
     * Sets what is tested.
     *
     * @param newBlock makes the block, a new one each time
     * @return this builder
     */
    public ParityCaseBuilder setBlock(Supplier<? extends Block> newBlock) {
        this.block = newBlock;
        return this;
    }

    /**
     * Sets what is true.
     *
     * @param newFormula computes the output in float64
     * @return this builder
     */
    public ParityCaseBuilder setFormula(Formula newFormula) {
        this.formula = newFormula;
        return this;
    }

    /**
     * Adds an input in the dtype of the run; gradients are taken by it.
     *
     * @param name names it for the formula
     * @param values the numbers, row-major
     * @param shape the extents
     * @return this builder
     */
    public ParityCaseBuilder addInput(String name, double[] values, long... shape) {
        return add(name, Kind.FLOATING, values, true, shape);
    }

    /**
     * Adds an INT64 input.
     *
     * @param name names it for the formula
     * @param values whole numbers, row-major
     * @param shape the extents
     * @return this builder
     */
    public ParityCaseBuilder addIntegers(String name, double[] values, long... shape) {
        return add(name, Kind.INTEGER, values, true, shape);
    }

    /**
     * Adds an array for the params, in the dtype of the run; gradients are taken by it.
     *
     * @param name names it for the params and the formula
     * @param values the numbers, row-major
     * @param shape the extents
     * @return this builder
     */
    public ParityCaseBuilder addParamArray(String name, double[] values, long... shape) {
        return add(name, Kind.FLOATING, values, false, shape);
    }

    /**
     * Adds an INT64 array for the params.
     *
     * @param name names it for the params and the formula
     * @param values whole numbers, row-major
     * @param shape the extents
     * @return this builder
     */
    public ParityCaseBuilder addParamIntegers(String name, double[] values, long... shape) {
        return add(name, Kind.INTEGER, values, false, shape);
    }

    /**
     * Adds a BOOLEAN array for the params.
     *
     * @param name names it for the params and the formula
     * @param values 0 for false, anything else for true, row-major
     * @param shape the extents
     * @return this builder
     */
    public ParityCaseBuilder addParamBooleans(String name, double[] values, long... shape) {
        return add(name, Kind.BOOLEAN, values, false, shape);
    }

    /**
     * Sets the params of the forward pass, none by default.
     *
     * @param newParams makes them from the arrays of the case by name, on the engine of the run
     * @return this builder
     */
    public ParityCaseBuilder optParams(
            Function<Map<String, NDArray>, PairList<String, Object>> newParams) {
        this.params = newParams;
        return this;
    }

    /**
     * Sets the numbers of a parameter. By default a matrix is normal with deviation {@code 1 /
     * sqrt(columns)}, a vector named weight or alpha uniform from 0.5 to 1.5, any other normal with
     * deviation 0.5.
     *
     * @param path its path, such as {@code query.weight}
     * @param values the numbers, row-major
     * @return this builder
     */
    public ParityCaseBuilder optParameter(String path, double[] values) {
        parameters.put(path, values.clone());
        return this;
    }

    /**
     * Sets how closely the formula must be followed.
     *
     * @param newReductionLength the terms summed per element, over all stages
     * @param newConstant the constant of {@link Tolerance}
     * @param newReason what the two are derived from, a sentence
     * @return this builder
     */
    public ParityCaseBuilder setTolerance(
            long newReductionLength, double newConstant, String newReason) {
        this.reductionLength = newReductionLength;
        this.constant = newConstant;
        this.reason = newReason;
        return this;
    }

    /**
     * Sets how many terms a gradient sums besides those of the formula; by default the rows of the
     * output.
     *
     * @param terms at least 0
     * @return this builder
     */
    public ParityCaseBuilder optGradientTerms(long terms) {
        this.gradientTerms = terms;
        return this;
    }

    /**
     * Sets the magnitude of the terms of a gradient that cancel to (nearly) nothing, as that of the
     * key bias of attention: it moves all scores of a query alike.
     *
     * @param variable the input's name or the parameter's path
     * @param magnitude of the terms
     * @return this builder
     */
    public ParityCaseBuilder optGradientScale(String variable, double magnitude) {
        gradientScales.put(variable, magnitude);
        return this;
    }

    /**
     * Says that an engine's gradients are good to FLOAT32 alone even in FLOAT64; say with a
     * sentence why, and what was measured.
     *
     * @param engineName DJL's name of the engine
     * @return this builder
     */
    public ParityCaseBuilder optSinglePrecisionGradients(String engineName) {
        singlePrecisionGradients.add(engineName);
        return this;
    }

    /**
     * Sets the axes of an input whose extent the block need not know beforehand; in {@code
     * getOutputShapes} they may be -1. By default batch and length: axis 0; besides it axis 1 of
     * (B, S, E), axis 2 of (B, H, S, D), axis 1 of integers (B, S).
     *
     * @param input its name
     * @param axes the axes, from 0; none if every extent must be known
     * @return this builder
     */
    public ParityCaseBuilder optFreeAxes(String input, int... axes) {
        freeAxes.put(input, axes.clone());
        return this;
    }

    /**
     * Says that the block is random in training, as dropout is: two training passes differ, and
     * their mean over many is the output for inference, which the formula gives. Gradients are then
     * taken of the pass for inference.
     *
     * @return this builder
     */
    public ParityCaseBuilder optRandomInTraining() {
        randomInTraining = true;
        return this;
    }

    /**
     * Builds the case.
     *
     * @return the case
     * @throws IllegalArgumentException if block, formula, tolerance or input is missing
     */
    public ParityCase build() {
        required(block, "setBlock");
        required(formula, "setFormula");
        Tolerance.of(DataType.FLOAT32, reductionLength, constant);
        if (arrays.stream().noneMatch(CaseArray::positional)) {
            throw new IllegalArgumentException(
                    "case " + blockName + " has no input: call addInput or addIntegers");
        }
        if (reason.isBlank()) {
            throw new IllegalArgumentException(
                    "case " + blockName + " gives no reason for its tolerance");
        }
        return new ParityCase(copy());
    }

    private ParityCaseBuilder add(
            String name, Kind kind, double[] values, boolean positional, long... shape) {
        HostArray host = new HostArray(values, new Shape(shape));
        arrays.add(new CaseArray(name, kind, host, positional));
        return this;
    }

    ParityCaseBuilder copy() {
        ParityCaseBuilder copy = new ParityCaseBuilder(blockName, variant);
        copy.block = block;
        copy.formula = formula;
        copy.arrays.addAll(arrays);
        copy.parameters.putAll(parameters);
        copy.gradientScales.putAll(gradientScales);
        copy.params = params;
        copy.reductionLength = reductionLength;
        copy.constant = constant;
        copy.gradientTerms = gradientTerms;
        copy.singlePrecisionGradients.addAll(singlePrecisionGradients);
        copy.freeAxes.putAll(freeAxes);
        copy.randomInTraining = randomInTraining;
        copy.reason = reason;
        return copy;
    }

    <T> T required(@Nullable T part, String method) {
        if (part == null) {
            throw new IllegalArgumentException(
                    "case " + blockName + " is incomplete: call " + method);
        }
        return part;
    }
}
