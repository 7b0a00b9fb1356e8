package io.github.djlblocks.parity.matrix;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.ParityReport.Direction;
import java.util.Locale;

/** What is compared with the oracle: outputs or gradients, in a dtype. */
public enum Quantity {
    /** The output, in FLOAT32. */
    FORWARD_FLOAT32(Direction.FORWARD, DataType.FLOAT32),
    /** The output, in FLOAT64. */
    FORWARD_FLOAT64(Direction.FORWARD, DataType.FLOAT64),
    /** The output, in FLOAT16. */
    FORWARD_FLOAT16(Direction.FORWARD, DataType.FLOAT16),
    /** The gradients, in FLOAT32. */
    GRADIENT_FLOAT32(Direction.GRADIENT, DataType.FLOAT32),
    /** The gradients, in FLOAT64. */
    GRADIENT_FLOAT64(Direction.GRADIENT, DataType.FLOAT64);

    private final Direction direction;
    private final DataType dataType;

    Quantity(Direction direction, DataType dataType) {
        this.direction = direction;
        this.dataType = dataType;
    }

    /**
     * Returns what is computed.
     *
     * @return output or gradients
     */
    public Direction direction() {
        return direction;
    }

    /**
     * Returns the dtype of inputs and parameters.
     *
     * @return FLOAT16, FLOAT32 or FLOAT64
     */
    public DataType dataType() {
        return dataType;
    }

    @Override
    public String toString() {
        return direction.name().toLowerCase(Locale.ROOT) + " " + dataType.name();
    }
}
