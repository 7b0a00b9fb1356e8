package io.github.djlblocks.generate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The numbers against the JDK's SplitMix64, from which they can be put together. */
class UniformNumbersTest {

    @Test
    void at_seedRowAndPosition_areSplitMix64OfAStreamPerRow() {
        for (long seed : new long[] {0, 1, -5, Long.MIN_VALUE, 987654321987654321L}) {
            UniformNumbers uniform = new UniformNumbers(seed);
            SplittableRandom streams = new SplittableRandom(seed);
            for (int row = 0; row < 5; row++) {
                SplittableRandom stream = new SplittableRandom(streams.nextLong());
                for (int position = 0; position < 7; position++) {
                    double expected = (stream.nextLong() >>> 11) * 0x1.0p-53;
                    assertThat(uniform.at(row, position)).isEqualTo(expected).isBetween(0.0, 1.0);
                }
            }
        }
    }
}
