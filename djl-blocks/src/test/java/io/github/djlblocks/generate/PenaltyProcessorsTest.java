package io.github.djlblocks.generate;

import static io.github.djlblocks.generate.Histories.ids;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Penalties against their formulas, worked out by hand on numbers that are exact. */
class PenaltyProcessorsTest {

    private static final TokenHistory HISTORY = Histories.of(ids(1, 3), 4, 1, 4, 4);

    @Test
    void repetition_tokensThatOccurred_areDividedOrMultipliedOnce() {
        double[] logits = {8, 6, 5, -3, 0.5, 0};
        PenaltyProcessors.repetition(2).process(HISTORY, logits);
        assertThat(logits).containsExactly(8, 3, 5, -6, 0.25, 0);
    }

    @Test
    void repetition_belowOne_favoursWhatOccurred() {
        double[] logits = {8, 6, 5, -3, 0.5, 0};
        PenaltyProcessors.repetition(0.5).process(HISTORY, logits);
        assertThat(logits).containsExactly(8, 12, 5, -1.5, 1, 0);
    }

    @Test
    void presenceAndFrequency_generatedTokensAlone_arePenalised() {
        double[] logits = {8, 6, 5, -3, 0.5, 0};
        // 1 came once and 4 three times after the prompt; 3 is of the prompt alone.
        PenaltyProcessors.presenceAndFrequency(0.25, 0.5).process(HISTORY, logits);
        assertThat(logits).containsExactly(8, 6 - 0.75, 5, -3, 0.5 - 1.75, 0);
    }

    @Test
    void bias_namedTokens_isAdded() {
        double[] logits = {8, 6, 5};
        PenaltyProcessors.bias(Map.of(0L, -1.5, 2L, Double.NEGATIVE_INFINITY))
                .process(HISTORY, logits);
        assertThat(logits).containsExactly(6.5, 6, Double.NEGATIVE_INFINITY);
    }
}
