package io.github.djlblocks.training;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.model.CausalLanguageModel;
import io.github.djlblocks.optimizer.AdamW;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.EnginesUnderTest;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loss over 200 steps, warm-up, clipping and accumulation included, on every engine. */
class LossCurvesTest {

    private static final int STEPS = 200;

    private static List<Double> curve(EngineUnderTest engine, DataType type) {
        List<Double> losses = new ArrayList<>();
        try (NDManager manager = engine.newManager()) {
            CausalLanguageModel block = SmallRuns.decoder(manager, true, type);
            try (AdamW optimizer = SmallRuns.adamW(block);
                    TrainingRun run =
                            SmallRuns.run(block, optimizer)
                                    .optAccumulation(2)
                                    .optClipNorm(1)
                                    .build()) {
                run.run(STEPS, step -> losses.add(step.loss()));
            }
        }
        return losses;
    }

    /**
     * Sums are rounded in another order, and training lets the difference grow: measured over the
     * 200 steps, from a loss of 2.8 to 0.19, at most 4.1e-6 in FLOAT32 and 9e-15 in FLOAT64. The
     * bounds leave room for other processors, whose kernels add up in other orders again.
     */
    @ParameterizedTest
    @CsvSource({"FLOAT32, 1e-4", "FLOAT64, 1e-12"})
    void losses_ofAllEngines_stayTogether(DataType type, double bound) {
        List<EngineUnderTest> engines = EnginesUnderTest.discover();
        assertThat(engines).hasSizeGreaterThan(1);
        List<Double> first = curve(engines.get(0), type);
        assertThat(first.get(STEPS - 1)).isLessThan(first.get(0) / 4);
        for (EngineUnderTest engine : engines.subList(1, engines.size())) {
            List<Double> other = curve(engine, type);
            double largest = 0;
            for (int i = 0; i < STEPS; i++) {
                largest = Math.max(largest, Math.abs(other.get(i) - first.get(i)));
            }
            assertThat(largest).as("%s", engine).isLessThan(bound);
        }
    }
}
