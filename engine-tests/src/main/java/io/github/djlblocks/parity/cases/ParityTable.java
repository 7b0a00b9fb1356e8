package io.github.djlblocks.parity.cases;

import ai.djl.ndarray.types.DataType;
import io.github.djlblocks.parity.EngineUnderTest;
import io.github.djlblocks.parity.Margin;
import io.github.djlblocks.parity.ParityReport;
import io.github.djlblocks.parity.ParityReport.Direction;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tables of how close engines come to the formulas of many cases. */
public final class ParityTable {

    private ParityTable() {}

    /**
     * Runs the forward pass of every case on every engine.
     *
     * @param cases the cases
     * @param engines where
     * @param dataType the dtype of inputs and parameters
     * @return a report with a row for each case and engine
     */
    public static ParityReport forward(
            List<ParityCase> cases, List<EngineUnderTest> engines, DataType dataType) {
        ParityReport report = new ParityReport();
        for (EngineUnderTest engine : engines) {
            for (ParityCase parityCase : cases) {
                Margin margin = ParityRunner.compareForward(parityCase, engine, dataType);
                report.add(parityCase.name(), engine, dataType, Direction.FORWARD, margin);
            }
        }
        return report;
    }

    /**
     * Runs the forward pass of every case on every engine, and keeps for each block the case that
     * used most of its tolerance.
     *
     * @param cases the cases
     * @param engines where
     * @param dataType the dtype of inputs and parameters
     * @return a report with a row for each block and engine
     */
    public static ParityReport worstForward(
            List<ParityCase> cases, List<EngineUnderTest> engines, DataType dataType) {
        ParityReport report = new ParityReport();
        for (EngineUnderTest engine : engines) {
            Map<String, Margin> worst = new LinkedHashMap<>();
            for (ParityCase parityCase : cases) {
                Margin margin = ParityRunner.compareForward(parityCase, engine, dataType);
                worst.merge(parityCase.blockName(), margin, (a, b) -> b.used() > a.used() ? b : a);
            }
            worst.forEach(
                    (block, margin) ->
                            report.add(block, engine, dataType, Direction.FORWARD, margin));
        }
        return report;
    }
}
