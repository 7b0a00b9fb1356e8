package io.github.djlblocks.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * All 65536 patterns of both formats, against the definition in IEEE 754: {@code (-1)^s 2^(e -
 * bias) 1.f}, or {@code (-1)^s 2^(1 - bias) 0.f} when {@code e} is 0, worked out in decimal.
 */
class SmallFloatsTest {

    private static final BigDecimal TWO = BigDecimal.valueOf(2);

    enum Format {
        HALF(5, 10),
        BFLOAT16(8, 7);

        private final int exponentBits;
        private final int fractionBits;

        Format(int exponentBits, int fractionBits) {
            this.exponentBits = exponentBits;
            this.fractionBits = fractionBits;
        }

        float decode(int pattern) {
            return this == HALF
                    ? SmallFloats.halfToFloat((short) pattern)
                    : SmallFloats.bfloat16ToFloat((short) pattern);
        }

        int encode(double value) {
            return 0xFFFF
                    & (this == HALF
                            ? SmallFloats.doubleToHalf(value)
                            : SmallFloats.doubleToBfloat16(value));
        }

        int infinity() {
            return ((1 << exponentBits) - 1) << fractionBits;
        }

        /**
         * The value of a pattern below {@link #infinity}; that of infinity if there were no end.
         */
        BigDecimal magnitude(int pattern) {
            int exponent = pattern >> fractionBits;
            int fraction = pattern & ((1 << fractionBits) - 1);
            int bias = (1 << (exponentBits - 1)) - 1;
            int units = exponent == 0 ? fraction : fraction + (1 << fractionBits);
            int power = Math.max(exponent, 1) - bias - fractionBits;
            BigDecimal scale = power >= 0 ? TWO.pow(power) : BigDecimal.ONE.divide(TWO.pow(-power));
            return scale.multiply(BigDecimal.valueOf(units));
        }
    }

    @ParameterizedTest
    @EnumSource
    void decode_everyPattern_isTheDefinedValue(Format format) {
        for (int pattern = 0; pattern < 0x8000; pattern++) {
            float positive = format.decode(pattern);
            float negative = format.decode(pattern | 0x8000);
            assertThat(Float.floatToRawIntBits(negative))
                    .isEqualTo(Float.floatToRawIntBits(positive) | 0x80000000);
            if (pattern > format.infinity()) {
                assertThat(positive).isNaN();
            } else if (pattern == format.infinity()) {
                assertThat(positive).isEqualTo(Float.POSITIVE_INFINITY);
            } else {
                assertThat(new BigDecimal(positive))
                        .isEqualByComparingTo(format.magnitude(pattern));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void encode_everyPatternDecoded_isThePattern(Format format) {
        for (int pattern = 0; pattern <= format.infinity(); pattern++) {
            assertThat(format.encode(format.decode(pattern))).isEqualTo(pattern);
            assertThat(format.encode(format.decode(pattern | 0x8000))).isEqualTo(pattern | 0x8000);
        }
        assertThat(format.decode(format.encode(Double.NaN))).isNaN();
        assertThat(format.decode(format.encode(-Double.NaN))).isNaN();
    }

    /** The last step, to infinity, has its midpoint where the next value would have been. */
    @ParameterizedTest
    @EnumSource
    void encode_aroundEveryMidpoint_roundsToNearestTiesToEven(Format format) {
        for (int lower = 0; lower < format.infinity(); lower++) {
            BigDecimal sum = format.magnitude(lower).add(format.magnitude(lower + 1));
            double midpoint = sum.divide(TWO).doubleValue();
            assertThat(new BigDecimal(midpoint)).isEqualByComparingTo(sum.divide(TWO));
            int even = lower + (lower & 1);
            assertThat(format.encode(midpoint)).isEqualTo(even);
            assertThat(format.encode(-midpoint)).isEqualTo(even | 0x8000);
            assertThat(format.encode(Math.nextDown(midpoint))).isEqualTo(lower);
            assertThat(format.encode(Math.nextUp(midpoint))).isEqualTo(lower + 1);
        }
        assertThat(format.encode(Double.MAX_VALUE)).isEqualTo(format.infinity());
        assertThat(format.encode(Double.MIN_VALUE)).isZero();
        assertThat(format.encode(-Double.MIN_VALUE)).isEqualTo(0x8000);
    }
}
