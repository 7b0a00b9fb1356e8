package io.github.djlblocks.kernel;

/**
 * How a gate and the value it gates are put together: {@code f(min(gate, limit)) * (min(max(up,
 * -limit), limit) + upOffset)}.
 *
 * @param function the gate's activation f
 * @param limit bounds the gate from above and the value on both sides; plus infinity for none
 * @param upOffset added to the value
 */
public record GateSpec(ActivationFunction function, double limit, double upOffset) {

    /**
     * Checks the numbers.
     *
     * @param function the gate's activation f
     * @param limit bounds the gate from above and the value on both sides; plus infinity for none
     * @param upOffset added to the value
     * @throws IllegalArgumentException if the limit is not above 0 or the offset not finite
     */
    public GateSpec {
        if (!(limit > 0)) {
            throw new IllegalArgumentException("limit (" + limit + ") must be above 0");
        }
        if (!Double.isFinite(upOffset)) {
            throw new IllegalArgumentException(
                    "upOffset (" + upOffset + ") must be a finite number");
        }
    }

    /**
     * Returns a plain gate: {@code f(gate) * up}.
     *
     * @param function the gate's activation f
     * @return no limit, no offset
     */
    public static GateSpec of(ActivationFunction function) {
        return new GateSpec(function, Double.POSITIVE_INFINITY, 0);
    }

    /**
     * Tells whether values are limited.
     *
     * @return false if the limit is infinite
     */
    public boolean isLimited() {
        return !Double.isInfinite(limit);
    }
}
