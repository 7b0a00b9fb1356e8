package io.github.djlblocks.internal;

/**
 * The two 16-bit float formats, in plain arithmetic.
 *
 * <p>A format with {@code p} fraction bits and smallest normal exponent {@code e0} lists its
 * non-negative values in the order of their bit patterns, so the pattern of a value with exponent
 * {@code e} is {@code (e - e0) 2^p + round(value 2^(p - e))}: subnormals ({@code e = e0}) and a
 * carry into the next exponent need no case of their own. IEEE 754-2019, 3.4 (binary16); bfloat16
 * is the upper half of binary32.
 */
public final class SmallFloats {

    private static final int HALF_FRACTION_BITS = 10;
    private static final int HALF_MIN_EXPONENT = -14;
    private static final int HALF_INFINITY = 0x7C00;
    private static final int BFLOAT16_FRACTION_BITS = 7;
    private static final int BFLOAT16_MIN_EXPONENT = -126;
    private static final int BFLOAT16_INFINITY = 0x7F80;

    private SmallFloats() {}

    /**
     * Returns the value of a binary16 pattern, which is exact.
     *
     * @param half the pattern
     * @return its value
     */
    public static float halfToFloat(short half) {
        return Float.intBitsToFloat(halfToFloatBits(half));
    }

    /**
     * Returns the binary32 pattern of a binary16 pattern: exact, payloads of NaN kept.
     *
     * @param half the binary16 pattern
     * @return the binary32 pattern
     */
    public static int halfToFloatBits(short half) {
        int sign = (half & 0x8000) << 16;
        int magnitude = half & 0x7FFF;
        if (magnitude >= HALF_INFINITY) {
            return sign | 0x7F800000 | (magnitude - HALF_INFINITY) << 13;
        }
        if (magnitude >= 0x0400) {
            return sign | (magnitude << 13) + ((127 - 15) << 23);
        }
        return sign | Float.floatToRawIntBits(magnitude * 0x1p-24f);
    }

    /**
     * Returns the value of a bfloat16 pattern, which is exact.
     *
     * @param value the pattern
     * @return its value
     */
    public static float bfloat16ToFloat(short value) {
        return Float.intBitsToFloat(value << 16);
    }

    /**
     * Rounds to the nearest binary16, ties to even; beyond the largest finite one it is infinite.
     *
     * @param value the value
     * @return the pattern
     */
    public static short doubleToHalf(double value) {
        return encode(value, HALF_FRACTION_BITS, HALF_MIN_EXPONENT, HALF_INFINITY);
    }

    /**
     * Rounds to the nearest bfloat16, ties to even; beyond the largest finite one it is infinite.
     *
     * @param value the value
     * @return the pattern
     */
    public static short doubleToBfloat16(double value) {
        return encode(value, BFLOAT16_FRACTION_BITS, BFLOAT16_MIN_EXPONENT, BFLOAT16_INFINITY);
    }

    private static short encode(double value, int fractionBits, int minExponent, int infinity) {
        int sign = Double.doubleToRawLongBits(value) < 0 ? 0x8000 : 0;
        double magnitude = Math.abs(value);
        if (Double.isNaN(magnitude)) {
            return (short) (sign | infinity | 1 << (fractionBits - 1));
        }
        if (Double.isInfinite(magnitude)) {
            return (short) (sign | infinity);
        }
        int exponent = Math.max(Math.getExponent(magnitude), minExponent);
        int units = (int) Math.rint(Math.scalb(magnitude, fractionBits - exponent));
        int pattern = ((exponent - minExponent) << fractionBits) + units;
        return (short) (sign | Math.min(pattern, infinity));
    }
}
