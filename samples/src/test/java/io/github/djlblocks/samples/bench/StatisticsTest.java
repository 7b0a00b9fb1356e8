package io.github.djlblocks.samples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTest {

    @Test
    void median_oddAndEven_isTheMiddle() {
        assertThat(Statistics.median(List.of(5.0, 1.0, 4.0))).isEqualTo(4);
        assertThat(Statistics.median(List.of(8.0, 1.0, 4.0, 2.0))).isEqualTo(3);
    }

    @Test
    void medianRatio_aSlowRound_fallsOut() {
        // Everything takes ten times as long in the second round: the quotient does not change.
        assertThat(Statistics.medianRatio(List.of(3.0, 30.0, 3.5), List.of(2.0, 20.0, 2.0)))
                .isEqualTo(1.5);
    }

    @Test
    void relativeDifference_isByTheLargestOfTheReference() {
        float[] reference = {1, -8, 2};
        assertThat(Statistics.relativeDifference(new float[] {1, -6, 3}, reference))
                .isEqualTo(0.25);
        assertThat(Statistics.relativeDifference(new float[] {1, Float.NaN, 3}, reference)).isNaN();
        assertThatThrownBy(() -> Statistics.relativeDifference(new float[2], reference))
                .hasMessage("contenders differ in what they compute: 2 numbers and 3");
    }
}
