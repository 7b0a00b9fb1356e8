package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.util.PairList;
import io.github.djlblocks.internal.ParameterPaths;
import io.github.djlblocks.parity.Tolerance;
import io.github.djlblocks.parity.cases.CaseArray.HostArray;
import io.github.djlblocks.parity.cases.CaseArray.Kind;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
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

    private final ParityCaseBuilder parts;

    ParityCase(ParityCaseBuilder parts) {
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
    public static ParityCaseBuilder builder(String blockName, String variant) {
        return new ParityCaseBuilder(blockName, variant);
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
     * Makes the block with the parameters of this case: when it is initialised, they get the same
     * numbers on every engine, rounded to the dtype.
     *
     * @return a new block, not initialised
     */
    public Block newPreparedBlock() {
        Block block = newBlock();
        ParameterPaths.of(block)
                .forEach(
                        (path, parameter) ->
                                parameter.setInitializer(
                                        (owner, shape, type) ->
                                                parameter(path, shape).toNDArray(owner, type)));
        return block;
    }

    /**
     * Makes the inputs of the forward pass.
     *
     * @param manager owns them
     * @param dataType the dtype of the floating ones
     * @return new arrays
     */
    public NDList newInputs(NDManager manager, DataType dataType) {
        NDList inputs = new NDList();
        positional().forEach(array -> inputs.add(array.toNDArray(manager, dataType)));
        return inputs;
    }

    /**
     * Returns the shapes of the inputs.
     *
     * @return a new array of their shapes
     */
    public Shape[] inputShapes() {
        return positional().map(array -> array.host().shape()).toArray(Shape[]::new);
    }

    /**
     * Returns the shapes of the inputs with -1 for every free axis, such as batch and length; see
     * {@link ParityCaseBuilder#optFreeAxes}.
     *
     * @return a new array of their shapes
     */
    public Shape[] unknownShapes() {
        return positional().map(array -> array.unknown(parts.freeAxes)).toArray(Shape[]::new);
    }

    /**
     * Says whether the first input is of integers, such as token ids.
     *
     * @return false if it is of floating numbers
     */
    public boolean takesIntegers() {
        return positional().findFirst().orElseThrow().kind() == Kind.INTEGER;
    }

    /**
     * Says whether the forward pass is given params.
     *
     * @return true if the case has params
     */
    public boolean hasParams() {
        return parts.params != null;
    }

    /**
     * Says whether the block is random in training; see {@link
     * ParityCaseBuilder#optRandomInTraining}.
     *
     * @return true if it drops out
     */
    public boolean isRandomInTraining() {
        return parts.randomInTraining;
    }

    /**
     * Returns the class of the block; where the case is about one of several outputs, of the block
     * that gives them.
     *
     * @return what is tested
     */
    public Class<?> blockClass() {
        Block block = newBlock();
        return block instanceof OneOutput output ? output.whole().getClass() : block.getClass();
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
     * ParityCaseBuilder#optGradientTerms}, or the rows of the output.
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
        ParityCaseBuilder copy = parts.copy();
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

    private Stream<CaseArray> positional() {
        return parts.arrays.stream().filter(CaseArray::positional);
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
}
