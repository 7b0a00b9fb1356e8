package io.github.djlblocks.parity.matrix;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.ParityReport.Direction;
import io.github.djlblocks.parity.cases.CaseResult;
import io.github.djlblocks.parity.cases.ParityCase;
import io.github.djlblocks.parity.cases.ParityRunner;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Cases compared with their formulas on engines, each comparison made when it is first asked for
 * and kept, so that several tests can share them.
 */
public final class Measurements {

    private final List<ParityCase> cases;
    private final List<EngineUnderTest> engines;
    private final Map<Key, Outcome> outcomes = new ConcurrentHashMap<>();
    private final Map<TruthKey, CaseResult> truths = new ConcurrentHashMap<>();

    private record Key(ParityCase parityCase, EngineUnderTest engine, Quantity quantity) {}

    private record TruthKey(ParityCase parityCase, DataType dataType) {}

    /**
     * Measures nothing yet.
     *
     * @param cases the cases
     * @param engines where
     */
    public Measurements(List<ParityCase> cases, List<EngineUnderTest> engines) {
        this.cases = List.copyOf(cases);
        this.engines = List.copyOf(engines);
    }

    /**
     * Returns the cases.
     *
     * @return all of them, in their order
     */
    public List<ParityCase> cases() {
        return cases;
    }

    /**
     * Returns the engines.
     *
     * @return all of them, in their order
     */
    public List<EngineUnderTest> engines() {
        return engines;
    }

    /**
     * Compares a case with its formula, unless that was done before.
     *
     * @param parityCase one of the cases, the same object
     * @param engine where
     * @param quantity what
     * @return how it fared
     */
    public Outcome outcome(ParityCase parityCase, EngineUnderTest engine, Quantity quantity) {
        return outcomes.computeIfAbsent(new Key(parityCase, engine, quantity), this::measure);
    }

    private Outcome measure(Key key) {
        ParityCase parityCase = key.parityCase();
        DataType dataType = key.quantity().dataType();
        CaseResult truth =
                truths.computeIfAbsent(
                        new TruthKey(parityCase, dataType),
                        k -> ParityRunner.truth(parityCase, dataType));
        try {
            if (key.quantity().direction() == Direction.FORWARD) {
                CaseResult found = ParityRunner.forward(parityCase, key.engine(), dataType);
                return Outcome.measured(
                        found,
                        Map.of("output", found.against(truth, parityCase.tolerance(dataType))));
            }
            CaseResult found = ParityRunner.backward(parityCase, key.engine(), dataType);
            return Outcome.measured(
                    found, ParityRunner.compareGradients(parityCase, key.engine(), found, truth));
        } catch (RuntimeException e) {
            // Kept and told: whether an engine may throw here is for a Limitation to say.
            return Outcome.failed(e);
        }
    }
}
