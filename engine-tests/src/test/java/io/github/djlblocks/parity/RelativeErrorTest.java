package io.github.djlblocks.parity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class RelativeErrorTest {

    @Test
    void of_isTheLengthOfTheDifferenceOverThatOfWhatIsExpected() {
        assertThat(RelativeError.of(new double[] {3, 0}, new double[] {3, 4})).isEqualTo(4. / 5);
        assertThat(RelativeError.of(new double[] {3, 4}, new double[] {3, 4})).isZero();
    }

    @Test
    void of_otherSizes_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> RelativeError.of(new double[2], new double[3]))
                .withMessage("2 numbers cannot be compared with 3");
    }
}
