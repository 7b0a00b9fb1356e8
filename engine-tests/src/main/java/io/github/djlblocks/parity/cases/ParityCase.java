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

/**
 * A block, the numbers it is given, the formula it must follow and how closely.
 *
 * <pre>{@code
 * ParityCase.builder("MyScale", "(2, 3)")
 *         .setBlock(() -> new MyScale(3))
 *         .addInput("x", RandomTensors.normal(7, 2, 3), 2, 3)
 *         .setFormula((inputs, parameters) ->
 *                 OracleMath.mul(inputs.get("x"), parameters.get("weight")))
 *         .setTolerance(1, 1, "one product")
 *         .build();
 * }</pre>
 *
 * <p>Immutable; the {@code with} methods return changed copies.
 */
public final class ParityCase {

    private final Builder parts;

    private ParityCase(Builder parts) {
        this.parts = parts;
    }

    /**
     * Starts a case.
     *
     * @param blockName the block, such as {@code RmsNorm}; cases of one name share a line of a
     *     table
     * @param variant what is special about this case, such as {@code unit offset}
     * @return a new builder
     */
    public static Builder builder(String blockName, String variant) {
        return new Builder(blockName, variant);
    }

    /**
     * Returns the block's name.
     *
     * @return the name without the variant
     */
    public String blockName() {
        return parts.blockName;
    }

    /**
     * Returns the whole name.
     *
     * @return block name and variant
     */
    public String name() {
        return parts.blockName + ": " + parts.variant;
    }

    /**
     * Makes the block.
     *
     * @return a new block, not initialised
     */
    public Block newBlock() {
        return parts.required(parts.block, "setBlock").get();
    }

    /**
     * Returns why the tolerance is what it is.
     *
     * @return a sentence
     */
    public String reason() {
        return parts.reason;
    }

    /**
     * Returns the tolerance of the output.
     *
     * <p>In FLOAT64 the constant is twice the stated one: there the oracle, in the same precision,
     * rounds as much as the engine.
     *
     * @param dataType the dtype of the arithmetic
     * @return what the output may be off by
     */
    public Tolerance tolerance(DataType dataType) {
        return Tolerance.of(dataType, parts.reductionLength, constant(dataType));
    }

    /**
     * Returns the tolerance of a gradient.
     *
     * <p>The backward pass starts from the numbers of the forward pass, with their errors, and has
     * a sum for each of its sums: {@code 2 n} terms and twice the constant. The gradient of a
     * parameter is summed over the rows besides; over how many is the {@code extra} of {@link
     * Builder#optGradientTerms}, or the rows of the output.
     *
     * @param engineName DJL's name of the engine
     * @param dataType the dtype of inputs and parameters
     * @param variable the input's name or the parameter's path
     * @param rows the rows of the output
     * @return what the gradient may be off by
     */
    public Tolerance gradientTolerance(
            String engineName, DataType dataType, String variable, long rows) {
        long extra = parts.gradientTerms == null ? rows : parts.gradientTerms;
        double minimum = parts.gradientScales.getOrDefault(variable, 0.0);
        boolean single =
                dataType == DataType.FLOAT64 && parts.singlePrecisionGradients.contains(engineName);
        DataType arithmetic = single ? DataType.FLOAT32 : dataType;
        return Tolerance.of(arithmetic, 2 * parts.reductionLength + extra, 2 * constant(arithmetic))
                .deliveredAs(dataType)
                .withMinimumScale(minimum);
    }

    /**
     * Returns this case with another block, such as a wrong one that must be caught.
     *
     * @param block makes it
     * @return a changed copy
     */
    public ParityCase withBlock(Supplier<? extends Block> block) {
        return new ParityCase(parts.copy().setBlock(block));
    }

    /**
     * Returns this case with another formula, such as a wrong one that must be caught.
     *
     * @param formula computes the output
     * @return a changed copy
     */
    public ParityCase withFormula(Formula formula) {
        return new ParityCase(parts.copy().setFormula(formula));
    }

    /**
     * Returns this case with its floating inputs multiplied; those of the params stay.
     *
     * @param factor multiplies every element
     * @return a changed copy
     */
    public ParityCase withScaledInputs(double factor) {
        Builder copy = parts.copy();
        copy.variant += " x " + factor;
        copy.arrays.replaceAll(array -> array.scaled(factor));
        return new ParityCase(copy);
    }

    @Override
    public String toString() {
        return name();
    }

    List<CaseArray> arrays() {
        return parts.arrays;
    }

    Formula formula() {
        return parts.required(parts.formula, "setFormula");
    }

    Shape[] inputShapes() {
        return parts.arrays.stream()
                .filter(CaseArray::positional)
                .map(array -> array.host().shape())
                .toArray(Shape[]::new);
    }

    /** The params of the forward pass, or none. */
    @Nullable PairList<String, Object> params(Map<String, NDArray> arrays) {
        return parts.params == null ? null : parts.params.apply(arrays);
    }

    /** The numbers a parameter starts with, the same for every engine and dtype. */
    HostArray parameter(String path, Shape shape) {
        double[] given = parts.parameters.get(path);
        return new HostArray(
                given == null ? ParameterValues.of(name(), path, shape) : given, shape);
    }

    long seed() {
        return name().hashCode();
    }

    private double constant(DataType dataType) {
        return dataType == DataType.FLOAT64 ? 2 * parts.constant : parts.constant;
    }

    /** Builds a {@link ParityCase}. */
    public static final class Builder {

        private final String blockName;
        private String variant;
        private @Nullable Supplier<? extends Block> block;
        private @Nullable Formula formula;
        private final List<CaseArray> arrays = new ArrayList<>();
        private final Map<String, double[]> parameters = new LinkedHashMap<>();
        private final Map<String, Double> gradientScales = new LinkedHashMap<>();
        private @Nullable Function<Map<String, NDArray>, PairList<String, Object>> params;
        private long reductionLength;
        private double constant;
        private @Nullable Long gradientTerms;
        private final Set<String> singlePrecisionGradients = new HashSet<>();
        private String reason = "";

        private Builder(String blockName, String variant) {
            this.blockName = blockName;
            this.variant = variant;
        }

        /**
         * Sets what is tested.
         *
         * @param newBlock makes the block, a new one each time
         * @return this builder
         */
        public Builder setBlock(Supplier<? extends Block> newBlock) {
            this.block = newBlock;
            return this;
        }

        /**
         * Sets what is true.
         *
         * @param newFormula computes the output in float64
         * @return this builder
         */
        public Builder setFormula(Formula newFormula) {
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
        public Builder addInput(String name, double[] values, long... shape) {
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
        public Builder addIntegers(String name, double[] values, long... shape) {
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
        public Builder addParamArray(String name, double[] values, long... shape) {
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
        public Builder addParamIntegers(String name, double[] values, long... shape) {
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
        public Builder addParamBooleans(String name, double[] values, long... shape) {
            return add(name, Kind.BOOLEAN, values, false, shape);
        }

        /**
         * Sets the params of the forward pass, none by default.
         *
         * @param newParams makes them from the arrays of the case by name, on the engine of the run
         * @return this builder
         */
        public Builder optParams(
                Function<Map<String, NDArray>, PairList<String, Object>> newParams) {
            this.params = newParams;
            return this;
        }

        /**
         * Sets the numbers of a parameter. By default a matrix is normal with deviation {@code 1 /
         * sqrt(columns)}, a vector named weight or alpha uniform from 0.5 to 1.5, any other normal
         * with deviation 0.5.
         *
         * @param path its path, such as {@code query.weight}
         * @param values the numbers, row-major
         * @return this builder
         */
        public Builder optParameter(String path, double[] values) {
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
        public Builder setTolerance(long newReductionLength, double newConstant, String newReason) {
            this.reductionLength = newReductionLength;
            this.constant = newConstant;
            this.reason = newReason;
            return this;
        }

        /**
         * Sets how many terms a gradient sums besides those of the formula; by default the rows of
         * the output.
         *
         * @param terms at least 0
         * @return this builder
         */
        public Builder optGradientTerms(long terms) {
            this.gradientTerms = terms;
            return this;
        }

        /**
         * Sets the magnitude of the terms of a gradient that cancel to (nearly) nothing, as that of
         * the key bias of attention: it moves all scores of a query alike.
         *
         * @param variable the input's name or the parameter's path
         * @param magnitude of the terms
         * @return this builder
         */
        public Builder optGradientScale(String variable, double magnitude) {
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
        public Builder optSinglePrecisionGradients(String engineName) {
            singlePrecisionGradients.add(engineName);
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

        private Builder add(
                String name, Kind kind, double[] values, boolean positional, long... shape) {
            HostArray host = new HostArray(values, new Shape(shape));
            arrays.add(new CaseArray(name, kind, host, positional));
            return this;
        }

        private Builder copy() {
            Builder copy = new Builder(blockName, variant);
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
            copy.reason = reason;
            return copy;
        }

        private <T> T required(@Nullable T part, String method) {
            if (part == null) {
                throw new IllegalArgumentException(
                        "case " + blockName + " is incomplete: call " + method);
            }
            return part;
        }
    }
}
