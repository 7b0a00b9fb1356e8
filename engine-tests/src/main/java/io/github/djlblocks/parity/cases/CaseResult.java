package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.Tolerance;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a case gave: on an engine, or by its formula. */
public final class CaseResult {

    private final double[] output;
    private final Shape shape;
    private final DataType dataType;
    private final Map<String, double[]> gradients;

    CaseResult(double[] output, Shape shape, DataType dataType, Map<String, double[]> gradients) {
        this.output = output.clone();
        this.shape = shape;
        this.dataType = dataType;
        this.gradients = Collections.unmodifiableMap(new LinkedHashMap<>(gradients));
    }

    /**
     * Returns the output.
     *
     * @return its elements, row-major; a copy
     */
    public double[] output() {
        return output.clone();
    }

    /**
     * Returns the shape of the output.
     *
     * @return its extents
     */
    public Shape shape() {
        return shape;
    }

    /**
     * Returns the dtype of the output.
     *
     * @return its dtype; for a formula, the one its inputs were rounded to
     */
    public DataType dataType() {
        return dataType;
    }

    /**
     * Returns the gradients of {@code sum(output * R)}.
     *
     * @return row-major numbers by the name of the input or the path of the parameter; empty for a
     *     forward pass
     */
    public Map<String, double[]> gradients() {
        return gradients;
    }

    /**
     * Compares the output with that of another result, taken as the true one.
     *
     * @param truth the true result
     * @param tolerance the allowed error
     * @return how much of it was used
     * @throws IllegalArgumentException if the shapes or dtypes differ
     */
    public Margin against(CaseResult truth, Tolerance tolerance) {
        if (!shape.equals(truth.shape) || dataType != truth.dataType) {
            throw new IllegalArgumentException(
                    "output is "
                            + dataType
                            + " "
                            + shape
                            + " but should be "
                            + truth.dataType
                            + " "
                            + truth.shape);
        }
        return Margin.of(truth.output, output, shape, tolerance);
    }
}
