package io.github.djlblocks.parity.oracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.djlblocks.parity.oracle.OracleRotaryFrequencies.Llama3Scaling;
import org.junit.jupiter.api.Test;

class OracleRotaryFrequenciesTest {

    /** 10000^0, 10000^(-1/2). */
    @Test
    void standard_fourChannels_falls() {
        assertThat(OracleRotaryFrequencies.standard(10000, 4))
                .containsExactly(new double[] {1, 0.01}, within(1e-17));
    }

    /**
     * A context of 2 pi positions has f turns. Above high (3) a frequency stays, below low (1) it
     * is divided by 4; at 2, half way, it is 2 (1 + 1/4) / 2, at 1.5 it is 1.5 (1/4 + 3/16).
     */
    @Test
    void llama3_threeBands_staysBlendsStretches() {
        Llama3Scaling scaling = new Llama3Scaling(4, 1, 3, 2 * Math.PI);
        assertThat(OracleRotaryFrequencies.llama3(new double[] {5, 3, 2, 1.5, 1, 0.5}, scaling))
                .containsExactly(new double[] {5, 3, 1.25, 0.65625, 0.25, 0.125}, within(1e-15));
    }

    @Test
    void standard_oddChannels_namesThem() {
        assertThatThrownBy(() -> OracleRotaryFrequencies.standard(10000, 5))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "rotaryDim (5) must be even and at least 2: rotary embedding pairs its"
                                + " channels");
        assertThatThrownBy(() -> OracleRotaryFrequencies.standard(0, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("theta (0.0) must be above 0");
    }

    @Test
    void llama3Scaling_badFactors_namesThem() {
        assertThatThrownBy(() -> new Llama3Scaling(8, 4, 1, 8192))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "lowFrequencyFactor (4.0) must be above 0 and below highFrequencyFactor"
                                + " (1.0)");
        assertThatThrownBy(() -> new Llama3Scaling(0, 1, 4, 8192))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("factor (0.0) must be above 0");
        assertThatThrownBy(() -> new Llama3Scaling(8, 1, 4, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("originalMaxPositions (-1.0) must be above 0");
    }
}
